"""A service's answer says what other origins may do with it only to those who tell their origin.

Browsers do, and AWS answers nobody else about it; MiniStack adds four headers to every answer, which are an eighth of
what it costs a client to read one.
"""

from typing import Any

from .emulator import Answer, Module

ABOUT_ORIGINS = "access-control-"


def install_cors(app: Module) -> None:
    """Drop the headers `Access-Control-...` from `ministack.app`'s answers to requests without `Origin`."""
    dispatch = app._dispatch_service_request

    async def dispatch_for_origin(method: str, path: str, headers: dict[str, str], *request: Any) -> Answer:
        status, answered, body = await dispatch(method, path, headers, *request)
        if "origin" not in headers:
            answered = {
                name: value for name, value in answered.items() if not name.lower().startswith(ABOUT_ORIGINS)
            }
        return status, answered, body

    app._dispatch_service_request = dispatch_for_origin
