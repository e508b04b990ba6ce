"""Start the embedded AWS: `python -m infra.local.embedded_aws`.

Settings (environment):
  EMBEDDED_AWS_DIR    folder for all state, made if missing   (default ./aws-data)
  GATEWAY_PORT        port                                    (default 4566)
  BIND_HOST           address to bind                         (default 127.0.0.1)
  EMBEDDED_AWS_FSYNC  1: a reply also survives a power cut    (default 0: survives kill -9)
  AUTH                false: any key may do anything          (default true: policies are enforced)
  LOG_LEVEL           of MiniStack and of this package        (default WARNING)
  EMBEDDED_AWS_LISTENER, EMBEDDED_AWS_PARENT_PIPE   descriptors that `process` hands over: a listening
  socket, and
                      a pipe whose end means that the parent is gone
  EMBEDDED_AWS_LAMBDA_PYTHON   program that runs Python functions; APIs then are made from whole definitions
  EMBEDDED_AWS_IAM_LEDGER      folder that takes every decision of the policies, a file for each server
Other MiniStack settings (MINISTACK_REGION, MINISTACK_ACCOUNT_ID, MINISTACK_HOST, ...) work as documented
there.
"""

import asyncio
import logging
import os
import sys

from .durable_services import UnreadableStateError
from .emulator import WrongVersionError
from .journal import FolderInUseError
from .server import Settings, build, serve


def main() -> None:
    """Run until stopped; one line and exit status 1 when it can not start."""
    os.umask(0o077)  # the state holds secrets
    settings = Settings.from_environment()
    logging.basicConfig(level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        application, journal = build(settings)
    except (WrongVersionError, FolderInUseError, UnreadableStateError) as error:
        sys.exit(str(error))
    try:
        asyncio.run(serve(application, settings))
    except OSError as error:
        sys.exit(f"can not serve at {settings.host}:{settings.port}: {error}")
    finally:
        journal.close()
        logging.shutdown()


if __name__ == "__main__":
    main()
