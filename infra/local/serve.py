"""Serves the API on one machine: `python -m infra.local.serve`.

Settings by environment: PORT (8000), API_HOST (127.0.0.1), API_THREADS (16), MEDIATHEQUE_ALLOWED_ORIGINS (any).
"""

import argparse
import importlib
import logging
import os
import signal
import sys
from typing import NoReturn

from chalicelib.api.cors import fixed
from chalicelib.settings import ANY_ORIGIN, origins_of
from infra.local.gateway import Gateway
from infra.local.http_server import make_server


def _leave(*_: object) -> NoReturn:
    raise SystemExit(0)  # the server's loop closes on it, after the requests at hand


def main(arguments: list[str]) -> None:
    """Serve until SIGTERM or Ctrl-C; end with one line when the port is taken."""
    parser = argparse.ArgumentParser(prog="python -m infra.local.serve", description="Serve the API.")
    parser.add_argument("--app", default="app", help="module that exports `app`")
    options = parser.parse_args(arguments)
    logging.basicConfig(format="%(levelname)s %(message)s")
    logging.getLogger("gateway").setLevel(logging.INFO)
    signal.signal(signal.SIGTERM, _leave)
    host, port = os.environ.get("API_HOST", "127.0.0.1"), int(os.environ.get("PORT", "8000"))
    app = importlib.import_module(options.app).app
    origin = fixed(origins_of(os.environ.get("MEDIATHEQUE_ALLOWED_ORIGINS", ANY_ORIGIN)))
    gateway = Gateway(app, os.environ.get("AWS_REGION", "eu-west-1"), origin=origin)
    try:
        server = make_server(gateway, host, port, int(os.environ.get("API_THREADS", "16")))
    except OSError as fault:
        sys.exit(f"Cannot listen on {host}:{port} ({fault.strerror}). Choose another with PORT=...")
    server.run()


if __name__ == "__main__":
    main(sys.argv[1:])
