"""What API Gateway answers by itself, in the words of the local gateway.

A preflight is Chalice's business; here are the answers for an unknown address, a method that an address lacks, a body
that is too large, a function that failed or took too long. They travel in the API's definition, so that a
deployment can never miss them.
"""

from collections.abc import Mapping
from typing import Any

from chalice.app import Chalice

from chalicelib.api.cors import ALLOW_ORIGIN
from chalicelib.api.security_headers import SECURITY_HEADERS
from chalicelib.settings import ANY_ORIGIN
from infra.local import gateway_problems as problems
from infra.local.gateway import allowed_methods, cors_of
from infra.local.gateway_problems import GatewayProblem

FUNCTION_NAME = "${AWS::StackName}-api"
_REQUEST_ID = "$context.requestId"
_ANSWERS: dict[str, GatewayProblem] = {
    "MISSING_AUTHENTICATION_TOKEN": problems.not_found(),  # so API Gateway calls an unknown address
    "RESOURCE_NOT_FOUND": problems.not_found(),
    "REQUEST_TOO_LARGE": problems.use_uploads(),
    "BAD_REQUEST_BODY": problems.malformed("The body could not be read."),
    "BAD_REQUEST_PARAMETERS": problems.malformed("The parameters could not be read."),
    "DEFAULT_4XX": problems.malformed("The gateway could not read the request."),
    "THROTTLED": problems.throttled(),
    "QUOTA_EXCEEDED": problems.throttled(),
    "API_CONFIGURATION_ERROR": problems.bad_gateway(),
    "DEFAULT_5XX": problems.bad_gateway(),
    "INTEGRATION_FAILURE": problems.bad_gateway(),
    "INTEGRATION_TIMEOUT": problems.gateway_timeout(),
}
# By name, so that the API does not depend on its function, whose environment has the API's address.
_INVOKES = {
    "x-amazon-apigateway-integration": {
        "uri": {
            "Fn::Sub": "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/"
            f"arn:${{AWS::Partition}}:lambda:${{AWS::Region}}:${{AWS::AccountId}}:function:{FUNCTION_NAME}"
            "/invocations"
        }
    }
}
# As chalicelib/api/cors.py's `fixed`: these answers are the same for every request.
_ORIGIN = {"Fn::If": ["OneOrigin", {"Fn::Select": [0, {"Ref": "AllowedOrigins"}]}, ANY_ORIGIN]}
# A mock looks for a template of the request's content type, and fails when there is none.
_CONTENT_TYPES = (
    "application/json",
    "application/merge-patch+json",
    "application/octet-stream",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "text/plain",
)


type _Headers = Mapping[str, str | dict[str, Any]]  # an intrinsic where only the deployment knows


def definition(app: Chalice) -> dict[str, Any]:
    """Return what joins the definition that Chalice makes of the app's routes."""
    cors = cors_of(app)
    headers: _Headers = {**cors.get_access_control_headers(), ALLOW_ORIGIN: _ORIGIN} if cors else {}
    return {
        "x-amazon-apigateway-gateway-responses": {
            kind: _gateway_response(problem, headers) for kind, problem in _ANSWERS.items()
        },
        "paths": {
            path: {
                **{method.lower(): _INVOKES for method in methods},
                "options": _preflight(),
                "x-amazon-apigateway-any-method": _refusal(allowed_methods(methods, head=False), headers),
            }
            for path, methods in app.routes.items()
        },
    }


def _preflight() -> dict[str, Any]:
    """Return what joins the mock that Chalice makes for OPTIONS."""
    answered = {"responseParameters": _parameters("method.response.header", {ALLOW_ORIGIN: _ORIGIN})}
    return {"x-amazon-apigateway-integration": {"responses": {"default": answered}}}


def _gateway_response(problem: GatewayProblem, cors: _Headers) -> dict[str, Any]:
    return {
        "statusCode": str(problem.status),
        "responseParameters": _parameters("gatewayresponse.header", _headers(problem, cors), identified=True),
        "responseTemplates": {"application/json": _body(problem)},
    }


def _refusal(allowed: list[str], cors: _Headers) -> dict[str, Any]:
    """Answer 405 for every method that has no entry of its own."""
    problem = problems.method_not_allowed(allowed)
    status = str(problem.status)
    headers = _headers(problem, cors)
    return {
        "responses": {
            status: {
                "description": problem.title,
                "headers": {name: {"type": "string"} for name in (*headers, "X-Request-Id")},
            }
        },
        "x-amazon-apigateway-integration": {
            "type": "mock",
            "contentHandling": "CONVERT_TO_TEXT",
            "passthroughBehavior": "when_no_match",
            "requestTemplates": dict.fromkeys(_CONTENT_TYPES, f'{{"statusCode": {status}}}'),
            "responses": {
                "default": {
                    "statusCode": status,
                    "responseParameters": _parameters("method.response.header", headers, identified=True),
                    "responseTemplates": {"application/json": _body(problem)},
                }
            },
        },
    }


def _headers(problem: GatewayProblem, cors: _Headers) -> _Headers:
    return {**SECURITY_HEADERS, **cors, **problem.headers, "Content-Type": "application/problem+json"}


def _parameters(prefix: str, headers: _Headers, *, identified: bool = False) -> dict[str, Any]:
    """Return headers as API Gateway takes them: in quotes what is fixed."""
    parameters = {f"{prefix}.{name}": _quoted(value) for name, value in headers.items()}
    return parameters | ({f"{prefix}.X-Request-Id": "context.requestId"} if identified else {})


def _quoted(value: str | dict[str, Any]) -> str | dict[str, Any]:
    return f"'{value}'" if isinstance(value, str) else {"Fn::Join": ["", ["'", value, "'"]]}


def _body(problem: GatewayProblem) -> str:
    return problem.answer(_REQUEST_ID, {}).body.decode()
