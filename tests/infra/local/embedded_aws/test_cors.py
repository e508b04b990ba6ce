"""Who may use an answer from another origin."""

from tests.infra.local.embedded_aws.clients import Clients


def about_origins(headers: dict[str, str]) -> set[str]:
    return {name for name in headers if name.startswith("access-control-")}


def test_a_program_is_told_nothing_about_origins(root: Clients) -> None:
    for answer in (root.sqs.list_queues(), root.s3.list_buckets(), root.dynamodb.list_tables()):
        assert about_origins(answer["ResponseMetadata"]["HTTPHeaders"]) == set()


def test_a_browser_is_told_what_its_origin_may_do(root: Clients) -> None:
    root.sqs.meta.events.register(
        "before-sign.sqs", lambda request, **_: request.headers.add_header("Origin", "https://a.example")
    )
    answer = root.sqs.list_queues()
    assert "access-control-allow-origin" in about_origins(answer["ResponseMetadata"]["HTTPHeaders"])
