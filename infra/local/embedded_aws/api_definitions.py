"""REST APIs made from a definition, with all that the definition says.

As shipped, MiniStack takes paths, methods and the integrations' types and targets from an OpenAPI body. What
API Gateway reads besides is added here: binary media types, the gateway's own responses, the method that stands
for all others, and what a mock answers, with the request's id where its templates name it.
"""

import uuid
from collections.abc import Callable, Mapping
from typing import Any

from .emulator import Module

_ANY = "x-amazon-apigateway-any-method"
_INTEGRATION = "x-amazon-apigateway-integration"
_REQUEST_ID = "context.requestId"

type _Mock = Callable[[Mapping[str, Any]], tuple[int, dict[str, str], bytes]]


def install_definitions(gateway: Module) -> None:
    """Complete the import of `ministack.services.apigateway_v1`."""
    import_api, import_path, import_operation = (
        gateway._import_rest_api,
        gateway._import_path_item,
        gateway._import_operation,
    )

    def whole_api(spec: Mapping[str, Any], base_data: Mapping[str, Any] | None = None) -> str:
        binary = spec.get("x-amazon-apigateway-binary-media-types", [])
        api_id = str(import_api(spec, {**(base_data or {}), "binaryMediaTypes": binary}))
        for kind, response in spec.get("x-amazon-apigateway-gateway-responses", {}).items():
            gateway._put_gateway_response(api_id, kind, response)
        return api_id

    def whole_path(api_id: str, path: str, item: Mapping[str, Any], *security: Any) -> None:
        methods = {("x-any" if method == _ANY else method): operation for method, operation in item.items()}
        import_path(api_id, path, methods, *security)

    def whole_operation(
        api_id: str, resource: str, method: str, operation: Mapping[str, Any], *security: Any
    ) -> None:
        name = "ANY" if method == "X-ANY" else method
        import_operation(api_id, resource, name, operation, *security)
        integration = operation.get(_INTEGRATION, {})
        made = gateway._resources[api_id][resource]["resourceMethods"][name].get("methodIntegration")
        if made and made["type"] == "MOCK":
            made["requestTemplates"] = integration.get("requestTemplates", {})
            for pattern, response in integration.get("responses", {}).items():
                selection = {} if pattern == "default" else {"selectionPattern": pattern}
                gateway._put_integration_response(
                    api_id, resource, name, str(response["statusCode"]), response | selection
                )

    gateway._OPENAPI_HTTP_METHODS = frozenset(gateway._OPENAPI_HTTP_METHODS) | {"x-any"}
    gateway._import_rest_api = whole_api
    gateway._import_path_item = whole_path
    gateway._import_operation = whole_operation
    gateway._invoke_mock_v1 = _identified(gateway._invoke_mock_v1)


def _identified(invoke_mock: _Mock) -> _Mock:
    """`invoke_mock`, whose answer names the request where its templates ask for it."""

    def invoke(integration: Mapping[str, Any]) -> tuple[int, dict[str, str], bytes]:
        status, headers, body = invoke_mock(integration)
        request_id = str(uuid.uuid4())
        named = {name: request_id if value == _REQUEST_ID else value for name, value in headers.items()}
        return status, named, body.replace(f"${_REQUEST_ID}".encode(), request_id.encode())

    return invoke
