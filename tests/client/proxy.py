"""A web proxy that lets so many PUTs pass and holds the next: a client behind it stands still at a known place."""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

SECONDS = 60


@contextmanager
def proxy_holding_after(puts: int) -> Iterator[str]:
    """Yield the address of a proxy for http that answers `puts` PUTs and no more, until the end of the block."""
    passed = threading.Semaphore(puts)
    ended = threading.Event()

    class Passing(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.command == "PUT" and not passed.acquire(blocking=False):
                ended.wait(SECONDS)
                self.close_connection = True
                return
            with closing(HTTPConnection(str(asked.hostname), asked.port, timeout=SECONDS)) as server:
                server.request(self.command, f"{asked.path}?{asked.query}", body, dict(self.headers))
                answer = server.getresponse()
                content = answer.read()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in {"connection", "content-length", "transfer-encoding"}:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_PUT = do_GET  # noqa: N815 - names that http.server asks for

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Passing) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            ended.set()
            server.shutdown()
            thread.join()
