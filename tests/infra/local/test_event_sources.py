import pytest
from chalice.app import Blueprint, Chalice, Rate

from infra.local.event_sources import queue_sources, schedules, upper_snake


def small_app() -> Chalice:
    app = Chalice("small", configure_logs=False)
    blueprint = Blueprint("small")

    @blueprint.on_sqs_message(queue="extraction", batch_size=7, name="examine")
    def examine(event: object) -> object:
        return [record.body for record in event]  # type: ignore[attr-defined] # Chalice's events are untyped

    @blueprint.schedule(Rate(1, Rate.HOURS))
    def sweep(event: object) -> object:
        return event

    @blueprint.schedule("rate(2 days)", name="monthly")
    def other(event: object) -> object:
        return event

    app.register_blueprint(blueprint)
    return app


def test_a_queues_handler_is_found_and_takes_lambdas_event() -> None:
    source = queue_sources(small_app())["extraction"]
    assert (source.queue, source.function_name, source.batch_size) == ("extraction", "examine", 7)
    record = {"body": "hello", "receiptHandle": "r"}
    assert source.handler({"Records": [record]}, None) == ["hello"]


def test_schedules_are_found_with_their_expressions() -> None:
    found = [(schedule.function_name, schedule.expression) for schedule in schedules(small_app())]
    assert found == [("sweep", "rate(1 hour)"), ("monthly", "rate(2 days)")]


def test_a_queue_by_arn_only_is_refused() -> None:
    app = Chalice("small", configure_logs=False)
    app.on_sqs_message(queue_arn="arn:aws:sqs:eu-west-1:000000000000:q")(print)
    with pytest.raises(ValueError, match="ARN"):
        queue_sources(app)


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("BucketName", "BUCKET_NAME"),
        ("ExtractionQueueUrl", "EXTRACTION_QUEUE_URL"),
        ("extraction-queue", "EXTRACTION_QUEUE"),
        ("Sha256Key", "SHA256_KEY"),
    ],
)
def test_names_become_environment_variables(name: str, written: str) -> None:
    assert upper_snake(name) == written
