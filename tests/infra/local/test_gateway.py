import base64
import http.client
import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from chalice.app import AuthResponse, Chalice

from infra.local.gateway import Gateway
from tests.infra.local.conftest import Call, Reply, assert_problem, exchange


def test_parallel_requests_each_get_their_own_answer(port: int) -> None:
    def ask(number: int) -> Reply:
        return exchange(port, "POST", f"/own/{number}", str(number).encode(), content_type="text/plain")

    with ThreadPoolExecutor(50) as clients:
        replies = list(clients.map(ask, range(200)))
    assert [(reply.json["path"], reply.json["body"]) for reply in replies] == [
        (str(n), str(n)) for n in range(200)
    ]
    assert all(reply.json["same"] for reply in replies)
    assert len({reply.json["id"] for reply in replies}) == 200


def test_one_connection_serves_many_requests(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        for method, path in [
            ("GET", "/echo/1"),
            ("HEAD", "/echo/1"),
            ("GET", "/nothing"),
            ("OPTIONS", "/echo/1"),
        ] * 5:
            connection.request(method, path)
            response = connection.getresponse()
            response.read()
            assert response.headers["connection"] is None
            assert connection.sock is not None
    finally:
        connection.close()


def test_path_parameters_arrive_decoded_and_an_encoded_slash_splits_nothing(call: Call) -> None:
    assert call("GET", "/echo/a%2Fb%20%C3%A9+c").json["value"] == "a/b é+c"


def test_a_trailing_slash_changes_nothing(call: Call) -> None:
    assert call("GET", "/echo/1/").json["value"] == "1"


def test_a_double_slash_is_another_path(call: Call) -> None:
    assert_problem(call("GET", "//echo/1"), 404, "not_found")


def test_query_strings_keep_every_value_and_the_last_alone(call: Call) -> None:
    event = call("GET", "/echo/1?tag=a&tag=b%20c&empty=&plus=x+y").json["event"]
    assert event["multiValueQueryStringParameters"] == {"tag": ["a", "b c"], "empty": [""], "plus": ["x y"]}
    assert event["queryStringParameters"] == {"tag": "b c", "empty": "", "plus": "x y"}


def test_without_a_query_string_there_are_no_parameters(call: Call) -> None:
    event = call("GET", "/echo/1").json["event"]
    assert (event["queryStringParameters"], event["multiValueQueryStringParameters"]) == (None, None)


def test_headers_arrive_in_their_own_case_and_repeated_ones_as_a_list(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.putrequest("GET", "/echo/1")
        for value in ("one", "two"):
            connection.putheader("X-Trace-Part", value)
        connection.putheader("x-forwarded-for", "203.0.113.9")
        connection.endheaders()
        event = json.loads(connection.getresponse().read())["event"]
    finally:
        connection.close()
    assert event["multiValueHeaders"]["X-Trace-Part"] == ["one", "two"]
    assert event["headers"]["X-Trace-Part"] == "two"
    assert event["headers"]["X-Forwarded-For"] == "203.0.113.9, 127.0.0.1"
    assert event["requestContext"]["identity"]["sourceIp"] == "127.0.0.1"


def test_the_event_says_what_rest_apis_say_about_a_request(call: Call) -> None:
    reply = call("GET", "/echo/1", user_agent="tests/1")
    event, context = reply.json["event"], reply.json["event"]["requestContext"]
    assert (event["resource"], event["path"], event["httpMethod"]) == ("/echo/{value}", "/echo/1", "GET")
    assert (context["resourcePath"], context["httpMethod"], context["stage"]) == (
        "/echo/{value}",
        "GET",
        "local",
    )
    assert context["identity"]["userAgent"] == "tests/1"
    assert context["requestId"] == reply.headers["x-amzn-requestid"]
    assert context["requestTimeEpoch"] > 1_700_000_000_000


def test_the_context_is_what_lambda_hands_over(call: Call) -> None:
    context = call("GET", "/context").json
    assert context["invoked_function_arn"].endswith(f":function:{context['function_name']}")
    assert context["memory_limit_in_mb"] > 0
    assert context["aws_request_id"]
    assert 28_000 < context["left"] <= 29_000


@pytest.mark.parametrize("kind", ["image/png", 'multipart/form-data; boundary="x"', "IMAGE/PNG"])
def test_bodies_of_binary_types_arrive_byte_for_byte(call: Call, kind: str) -> None:
    sent = bytes(range(256)) * 3
    reply = call("POST", "/echo/1", sent, content_type=kind).json
    assert base64.b64decode(reply["body"]) == sent
    assert reply["event"]["isBase64Encoded"] is True


def test_bodies_of_other_types_arrive_as_text_with_invalid_bytes_replaced(call: Call) -> None:
    reply = call("POST", "/echo/1", b"caf\xc3\xa9 \xff", content_type="application/json").json
    assert base64.b64decode(reply["body"]).decode() == "café \ufffd"
    assert reply["event"]["isBase64Encoded"] is False


def test_chunked_bodies_arrive_whole(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(
            "POST", "/echo/1", iter([b"ab", b"cd"]), {"Content-Type": "image/png"}, encode_chunked=True
        )
        assert base64.b64decode(json.loads(connection.getresponse().read())["body"]) == b"abcd"
    finally:
        connection.close()


def test_binary_answers_are_decoded_for_who_accepts_them_first(call: Call) -> None:
    assert call("GET", "/picture", accept="image/png, text/html").body == b"\x89PNG\xff\x00"


def test_binary_answers_stay_base64_for_who_prefers_another_type_as_on_aws(call: Call) -> None:
    reply = call("GET", "/picture", accept="text/html, image/png")
    assert base64.b64decode(reply.body) == b"\x89PNG\xff\x00"
    assert reply.body.isascii()


def test_headers_with_several_values_are_sent_one_by_one(call: Call) -> None:
    reply = call("GET", "/cookies")
    assert (reply.status, reply.body) == (201, b"ok")
    assert reply.headers.get_all("set-cookie") == ["a=1", "b=2"]


def test_unknown_paths_are_not_found(call: Call) -> None:
    assert_problem(call("GET", "/nowhere"), 404, "not_found")


def test_other_methods_of_a_known_path_are_not_allowed_and_the_answer_names_those_that_are(
    call: Call,
) -> None:
    reply = call("DELETE", "/echo/1")
    assert_problem(reply, 405, "method_not_allowed")
    assert reply.headers["allow"] == "GET, HEAD, OPTIONS, POST"


def test_preflights_are_answered_from_the_routes_cors_settings(call: Call) -> None:
    reply = call("OPTIONS", "/echo/1", origin="https://example.org", access_control_request_method="POST")
    assert (reply.status, reply.body) == (200, b"")
    assert reply.headers["access-control-allow-methods"] == "GET,POST,OPTIONS"
    assert reply.headers["access-control-allow-origin"] == "*"
    assert "Authorization" in reply.headers["access-control-allow-headers"]
    assert reply.headers["access-control-max-age"] == "600"


def test_a_route_without_cors_has_no_preflight(call: Call) -> None:
    assert_problem(call("OPTIONS", "/plain"), 405, "method_not_allowed")


def test_head_is_get_without_the_body(call: Call) -> None:
    got, head = call("GET", "/cookies"), call("HEAD", "/cookies")
    assert (head.status, head.body) == (got.status, b"")
    assert head.headers["content-length"] == "2"


def test_an_app_that_relies_on_an_authorizer_is_refused() -> None:
    guarded = Chalice("guarded", configure_logs=False)

    @guarded.authorizer()
    def guard(request: object) -> AuthResponse:
        return AuthResponse(routes=["*"], principal_id=str(request))

    @guarded.route("/", authorizer=guard)
    def index() -> str:
        return "secret"

    with pytest.raises(ValueError, match="authorizer"):
        Gateway(guarded, "eu-west-1")
