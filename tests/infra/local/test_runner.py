import io
from dataclasses import replace
from pathlib import Path

import pytest

from infra.local.embedded_aws.process import EmbeddedAws
from infra.local.runner import Runner
from infra.local.settings import Refused, Settings, only_run, read_settings

QUEUE = "Resources: {Queue: {Type: AWS::SQS::Queue, Properties: {VisibilityTimeout: %d}}}\n"


@pytest.fixture
def settings(aws: EmbeddedAws, tmp_path: Path, free_port: int) -> Settings:
    environment = {
        "DATA_DIR": str(tmp_path / "data"),
        "PORT": str(free_port),
        "AWS_ENDPOINT_URL": aws.endpoint_url,
    }
    return read_settings(environment)


def run(settings: Settings, aws: EmbeddedAws, template: Path) -> None:
    root = aws.root_credentials
    inherited = {"AWS_ACCESS_KEY_ID": root.access_key_id, "AWS_SECRET_ACCESS_KEY": root.secret_access_key}
    with only_run(settings.folder) as lock:
        runner = Runner(settings, io.StringIO(), inherited, lock, template)
        try:
            runner.run()
        finally:
            runner.stop()


def test_resources_that_cannot_be_made_are_named(
    aws: EmbeddedAws, settings: Settings, tmp_path: Path
) -> None:
    template = tmp_path / "broken.yaml"
    template.write_text(QUEUE % 99_999_999)
    with pytest.raises(Refused, match=r"broken\.yaml could not be made\. Queue: "):
        run(settings, aws, template)


def test_a_template_that_gives_a_process_no_role_is_refused(
    aws: EmbeddedAws, settings: Settings, tmp_path: Path
) -> None:
    template = tmp_path / "poor.yaml"
    template.write_text(QUEUE % 30)
    with pytest.raises(Refused, match=r"poor\.yaml has no output ApiRoleArn"):
        run(settings, aws, template)


def test_an_embedded_aws_that_cannot_start_is_one_line(
    aws: EmbeddedAws, settings: Settings, another_free_port: int, tmp_path: Path
) -> None:
    (settings.folder).mkdir()
    (settings.folder / "embedded-aws").write_text("a file where its folder should be")
    with pytest.raises(Refused, match="The embedded AWS ended at its start"):
        run(replace(settings, endpoint=None, aws_port=another_free_port), aws, tmp_path / "any.yaml")
