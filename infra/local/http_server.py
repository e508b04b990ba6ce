"""waitress, taught two things that API Gateway does.

Header lines reach the gateway one by one (WSGI joins equal names and hides their case), and requests that
waitress itself refuses get the gateway's problem+json with CORS headers instead of plain text.
"""

import logging
from typing import TYPE_CHECKING, cast

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, get_header_lines
from waitress.server import BaseWSGIServer, create_server
from waitress.task import ErrorTask, WSGITask

from infra.local import gateway_problems as problems

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

    from infra.local.gateway import Gateway

_MAX_READ = 64 * 1024 * 1024  # bytes of a body read before it is refused, so that the client sees why


class _Parser(HTTPRequestParser):
    header_lines: list[tuple[str, str]]

    def parse_header(self, header_plus: bytes) -> None:
        super().parse_header(header_plus)
        _, _, fields = header_plus.partition(b"\r\n")
        pairs = (line.decode("latin-1").partition(":") for line in get_header_lines(fields))
        self.header_lines = [(name, value.strip(" \t")) for name, _, value in pairs]


class _Task(WSGITask):
    def get_environment(self) -> "WSGIEnvironment":
        environ = super().get_environment()
        environ["gateway.header_lines"] = cast("_Parser", self.request).header_lines
        return environ


def _problem(status: int, detail: str) -> problems.GatewayProblem:
    known = {413: problems.use_uploads(), 431: problems.headers_too_large(), 500: problems.bad_gateway()}
    if status == 501:  # noqa: PLR2004 - the status that waitress gives to unknown transfer codings
        return problems.not_implemented(detail)
    return known.get(status) or problems.malformed(detail)


def _channel_class(gateway: "Gateway") -> type[HTTPChannel]:
    class Refusal(ErrorTask):
        def execute(self) -> None:
            fault = cast("_Parser", self.request).error
            answer = gateway.refuse(_problem(getattr(fault, "code", 400), str(getattr(fault, "body", ""))))
            self.status = answer.status_line
            self.response_headers = list(answer.headers)
            self.set_close_on_finish()
            self.content_length = len(answer.body)
            self.write(answer.body)

    class Channel(HTTPChannel):
        parser_class = _Parser
        task_class = _Task
        error_task_class = Refusal

    return Channel


def make_server(gateway: "Gateway", host: str, port: int, threads: int) -> BaseWSGIServer:
    """Bind and return a server; `run()` serves until SystemExit. Raises OSError when the port is taken."""
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # waiting requests are normal here
    server = create_server(
        gateway,
        host=host,
        port=port,
        threads=threads,
        ident=None,
        connection_limit=1000,
        asyncore_use_poll=True,  # select() ends at 1,024 descriptors
        max_request_body_size=_MAX_READ,
        clear_untrusted_proxy_headers=True,
    )
    if not isinstance(server, BaseWSGIServer):
        raise TypeError("One address makes one server.")
    server.channel_class = _channel_class(gateway)
    return server
