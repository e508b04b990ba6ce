"""What API Gateway answers by itself, in the words of the local gateway.

A preflight is Chalice's business; here are the answers for an unknown address, a method that an address lacks, a body
that is too large, a function that failed or took too long. They travel in the API's definition, so that a
deployment can never miss them.
"""

from collections.abc import Mapping
from typing import Any

from chalice.app import Chalice, CORSConfig

from chalicelib.api.security_headers import SECURITY_HEADERS
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
# A mock looks for a template of the request's content type, and fails when there is none.
_CONTENT_TYPES = (
    "application/json",
    "application/merge-patch+json",
    "application/octet-stream",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "text/plain",
)


def definition(app: Chalice) -> dict[str, Any]:
    """Return what joins the definition that Chalice makes of the app's routes."""
    cors = cors_of(app)
    headers = cors.get_access_control_headers() if isinstance(cors, CORSConfig) else {}
    return {
        "x-amazon-apigateway-gateway-responses": {
            kind: _gateway_response(problem, headers) for kind, problem in _ANSWERS.items()
        },
        "paths": {
            path: {
                **{method.lower(): _INVOKES for method in methods},
                "x-amazon-apigateway-any-method": _refusal(allowed_methods(methods, head=False), headers),
            }
            for path, methods in app.routes.items()
        },
    }


def _gateway_response(problem: GatewayProblem, cors: Mapping[str, str]) -> dict[str, Any]:
    answered = {name: f"'{value}'" for name, value in {**SECURITY_HEADERS, **cors, **problem.headers}.items()}
    answered |= {"Content-Type": "'application/problem+json'", "X-Request-Id": "context.requestId"}
    return {
        "statusCode": str(problem.status),
        "responseParameters": {f"gatewayresponse.header.{name}": value for name, value in answered.items()},
        "responseTemplates": {"application/json": _body(problem)},
    }


def _refusal(allowed: list[str], cors: Mapping[str, str]) -> dict[str, Any]:
    """Answer 405 for every method that has no entry of its own."""
    problem = problems.method_not_allowed(allowed)
    status = str(problem.status)
    headers = {**SECURITY_HEADERS, **cors, **problem.headers, "Content-Type": "application/problem+json"}
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
                    "responseParameters": {
                        **{f"method.response.header.{name}": f"'{value}'" for name, value in headers.items()},
                        "method.response.header.X-Request-Id": "context.requestId",
                    },
                    "responseTemplates": {"application/json": _body(problem)},
                }
            },
        },
    }


def _body(problem: GatewayProblem) -> str:
    return problem.answer(_REQUEST_ID, {}).body.decode()
