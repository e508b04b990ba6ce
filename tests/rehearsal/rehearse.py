"""The package, deployed to a fresh embedded AWS and used there: `make rehearse`.

API Gateway invokes the packaged API, S3 and SQS invoke the packaged workers, each under its role, with nothing but its
zip and layers to import. What the emulator cannot show is said in `docs/deploy.md`.
"""

import hashlib
import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests

from chalicelib.extraction.filetypes import TYPES
from chalicelib.extraction.sniff import WINDOW, sniff
from infra.local import gateway_problems
from infra.local.embedded_aws.process import EmbeddedAws
from infra.local.gateway_problems import GatewayProblem
from infra.local.stack import environment_of
from infra.package.stack import HoldsData, Stage
from tests.api import test_edge
from tests.api.test_edge import (  # noqa: F401 - run here too
    test_a_file_that_is_too_large_for_a_form_is_refused_with_the_way_to_do_it,
    test_a_page_of_another_origin_may_ask_first,
    test_an_answer_can_be_read_by_pages_of_another_origin_with_its_headers,
    test_bodies_that_cannot_be_read_are_refused,
    test_every_refusal_is_a_problem_that_pages_of_another_origin_can_read,
)
from tests.conftest import MEDIA
from tests.doors import Door, put
from tests.machines import eventually
from tests.mailbox import mails_to, token_in
from tests.rehearsal import lambda_python
from tests.samples import REFUSED_BY_NAME, agree, is_whole, listed, upload

DIST = Path(__file__).parents[2] / "dist"
FACTS: dict[str, dict[str, Any]] = json.loads((MEDIA.parent / "facts.json").read_text())
REGION = "eu-west-1"
DOMAIN = "library.example.org"
CERTIFICATE = f"arn:aws:acm:{REGION}:000000000000:certificate/0190c5a7-5b5e-7a3c-9d0e-4f2b8c6d1e3a"
PROBE = """
import importlib.util, shutil
def handler(event, context):
    modules = [name for name in event["modules"] if importlib.util.find_spec(name)]
    return modules + [name for name in event["programs"] if shutil.which(name)]
"""
EVERYTHING = """
import sys
from importlib import import_module
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import app
from chalicelib.api.openapi import describe
from chalicelib.api.routing import every_route
from chalicelib.wiring import Library
from chalicelib.wiring.part import Part
assert describe(every_route(), "1")["paths"].keys() == app.app.routes.keys()
functions = [f"chalicelib.events.{name}" for name in ("extraction", "media", "jobs", "sweep")]
parts = [part.module for part in vars(Library).values() if isinstance(part, Part)]
for name in [*functions, *parts, "argon2", "email_validator", "idna"]:
    import_module(name)
specs = [module.__spec__ for module in sys.modules.values() if getattr(module, "__spec__", None)]
ours = [spec for spec in specs if str(spec.origin).startswith(sys.argv[1]) and spec.origin.endswith(".py")]
print(len(ours), *[spec.name for spec in ours if not Path(spec.cached).is_file()])
"""


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAws]:
    """Run an embedded AWS whose functions know nothing of this machine."""
    folder = tmp_path_factory.mktemp("cloud")
    python = lambda_python.make(folder)
    settings = {"MINISTACK_REGION": REGION, "EMBEDDED_AWS_LAMBDA_PYTHON": str(python)}
    with EmbeddedAws(folder / "aws", environment=settings) as running:
        root = running.root_credentials
        os.environ.update(
            AWS_ENDPOINT_URL=running.endpoint_url,
            AWS_ACCESS_KEY_ID=root.access_key_id,
            AWS_SECRET_ACCESS_KEY=root.secret_access_key,
            AWS_DEFAULT_REGION=REGION,
            AWS_EC2_METADATA_DISABLED="true",
            NO_PROXY="127.0.0.1,localhost",
        )
        yield running


@pytest.fixture(scope="module")
def stage(cloud: EmbeddedAws) -> Stage:
    """Deploy the package, as `make deploy` does."""
    assert cloud.is_running
    stage = Stage(boto3.Session(), "rehearsal")
    told = {
        "Tls": "off",
        "AllowedOrigins": test_edge.PAGE,
        "DomainName": DOMAIN,
        "CertificateArn": CERTIFICATE,
    }
    stage.deploy(DIST / "template.json", told)
    return stage


@pytest.fixture(scope="module")
def api(cloud: EmbeddedAws, stage: Stage) -> Door:
    """Return the deployed API; the address has the emulator's host and the deployed API's id."""
    return Door(
        f"{cloud.endpoint_url}/restapis/{stage.outputs()['RestAPIId']}/api/_user_request_", seconds=120
    )


@pytest.fixture
def anyone(api: Door) -> Door:
    """Return the deployed API to the tests of the edge, which are imported."""
    return api


@pytest.fixture
def reader() -> str:
    """Return whom answers say that they may be read by: the stage lets pages of one origin."""
    return test_edge.PAGE


@pytest.fixture(scope="module")
def ana(api: Door) -> Door:
    """Return the deployed API as a registered operator."""
    return api.signed_up("ana")


def test_the_deployed_api_is_healthy_and_says_which_commit_it_is(api: Door) -> None:
    handler = next(function for function in deployed() if function["Handler"] == "app.app")
    version = api.get("/version")
    assert api.get("/health")
    assert version["commit"] == handler["Environment"]["Variables"]["MEDIATHEQUE_COMMIT"] != "unknown"


def test_a_file_for_each_reader_is_uploaded_extracted_listed_and_downloaded(ana: Door) -> None:
    names = one_for_each_reader()
    ids = {upload(ana, name): name for name in names}
    eventually(lambda: all(is_whole(file) for file in listed(ana)), "all examined, with their pictures")
    files = listed(ana)
    outcomes = {file["filename"]: (file["status"], agree(file, FACTS[file["filename"]])) for file in files}
    assert outcomes == dict.fromkeys(names, ("ready", []))
    assert {file["id"] for file in files} == set(ids)
    for file in files:
        delivery = ana.get(f"/v1/files/{file['id']}/download?redirect=false")
        content = requests.get(delivery["url"], timeout=30).content
        assert hashlib.sha256(content).hexdigest() == file["sha256"]


def test_bytes_sent_straight_to_storage_are_examined(ana: Door) -> None:
    content = b"straight to storage"
    begun = ana.begin("direct.txt", content)
    assert put(begun, content).status_code == 200
    path = f"/v1/files/{begun['file_id']}"
    eventually(lambda: ana.get(path)["status"] == "ready", "the file is ready")


def test_a_mail_is_sent_and_leads_back_to_the_api(cloud: EmbeddedAws, api: Door) -> None:
    ben = api.signed_up("ben")
    ben.ok("POST", "/v1/auth/password-reset", 202, json={"email": ben.email})

    def mails() -> list[Any]:
        return [mail for mail in mails_to(cloud, ben.email) if "password" in mail["Subject"]]

    eventually(lambda: bool(mails()), "the mail is there")
    assert f"https://{DOMAIN}/account/" in mails()[0]["BodyText"]
    reset = {"token": token_in(mails()[0]), "new_password": "staple battery horse"}
    ben.ok("POST", "/v1/auth/password-reset/confirm", 204, json=reset)
    assert ben.pair("staple battery horse")


def test_a_file_is_found_shared_and_opened_by_a_stranger(api: Door, ana: Door) -> None:
    file = ana.upload("Bacharach am Rhein.txt", b"a very small town")
    eventually(lambda: ana.get(f"/v1/files/{file['id']}")["status"] == "ready", "the file is ready")
    assert [hit["id"] for hit in ana.get("/v1/search?q=bacharach")["items"]] == [file["id"]]
    link = ana.ok("POST", f"/v1/files/{file['id']}/links", 201, json={})
    assert link["url"].endswith(f"/s/{link['token']}")
    assert api.get(f"/s/{link['token']}")["filename"] == "Bacharach am Rhein.txt"


def test_the_first_admin_is_made_and_may_sign_in(stage: Stage, api: Door) -> None:
    environment = os.environ | environment_of(stage.outputs())
    command = [sys.executable, "-m", "infra.admin", "ensure", "--email", "admin@example.org"]
    made = subprocess.run(command, env=environment, capture_output=True, check=True, text=True)
    password = json.loads(made.stdout)["password"]
    pair = api.ok("POST", "/v1/auth/login", 200, json={"email": "admin@example.org", "password": password})
    admin = replace(api, token=pair["access_token"])
    assert admin.get("/v1/me")["role"] == "admin"
    ben = api.signed_up("ben")
    [found] = [one for one in admin.get("/v1/admin/users")["items"] if one["email"] == ben.email]
    change = {"role": "viewer"}
    assert admin.ok("PATCH", f"/v1/admin/users/{found['id']}", 200, json=change)["role"] == "viewer"
    ben.signed_in().refused("POST", "/v1/files", 403, "forbidden", files={"file": ("a.txt", b"a")})


def test_a_table_of_all_files_is_made_in_the_background_and_fetched(ana: Door) -> None:
    begun = ana("POST", "/v1/exports", json={"columns": ["filename"]})
    path = begun.headers["Location"]
    eventually(lambda: ana.get(path)["state"] == "finished", "the export is finished")
    lines = requests.get(ana.get(path)["url"], timeout=30).text.splitlines()
    assert len(lines) - 1 == len(listed(ana)) > 0


def test_no_dead_letters_remain(stage: Stage) -> None:
    sqs = boto3.client("sqs")
    for name, url in stage.outputs().items():
        if name.endswith("DeadLettersUrl"):
            asked = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
            assert asked["Attributes"]["ApproximateNumberOfMessages"] == "0"


@pytest.mark.parametrize(
    ("method", "path", "problem"),
    [
        ("GET", "/nothing/here", gateway_problems.not_found()),
        ("PATCH", "/health", gateway_problems.method_not_allowed(["GET", "OPTIONS"])),
    ],
)
def test_the_gateway_refuses_in_the_words_of_the_local_one(
    api: Door, method: str, path: str, problem: GatewayProblem
) -> None:
    refusal = api.refused(method, path, problem.status, problem.code)
    assert (refusal["title"], refusal["detail"]) == (problem.title, problem.detail)


def test_the_schedules_run(stage: Stage) -> None:
    assert stage.outputs()
    events = boto3.client("events")
    rules = [rule["Name"] for rule in events.list_rules()["Rules"] if rule.get("ScheduleExpression")]
    targets = [
        target["Arn"] for rule in rules for target in events.list_targets_by_rule(Rule=rule)["Targets"]
    ]
    scheduled = [function for function in deployed() if function["FunctionArn"] in targets]
    assert len(scheduled) == len(rules) > 0
    event = {"version": "0", "id": "1", "account": "0", "time": "2026-01-01T00:00:00Z", "region": REGION,
             "resources": [], "source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}  # fmt: skip
    for function in scheduled:
        name = function["FunctionName"]
        answer = boto3.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event))
        assert "FunctionError" not in answer, answer["Payload"].read()


def test_a_function_finds_nothing_of_this_machine(stage: Stage) -> None:
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("probe.py", PROBE)
    probe = boto3.client("lambda").create_function(
        FunctionName="probe",
        Runtime="python3.13",
        Role=stage.outputs()["ApiRoleArn"],
        Handler="probe.handler",
        Code={"ZipFile": code.getvalue()},
    )
    asked = {
        "modules": ["boto3", "PIL", "pydantic", "chalice", "app", "infra", "tests"],
        "programs": ["ffprobe", "sh"],
    }
    answer = boto3.client("lambda").invoke(FunctionName=probe["FunctionName"], Payload=json.dumps(asked))
    assert json.loads(answer["Payload"].read()) == ["boto3"]
    boto3.client("lambda").delete_function(FunctionName="probe")


def test_what_functions_import_is_in_the_zip_and_compiled(tmp_path: Path) -> None:
    code = tmp_path / "code"
    with zipfile.ZipFile(DIST / "deployment.zip") as archive:
        archive.extractall(code)
    python = lambda_python.make(tmp_path)
    command = [str(python), "-B", "-c", EVERYTHING, str(code)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    modules, *uncompiled = done.stdout.split()
    assert int(modules) > 400
    assert uncompiled == []


def one_for_each_reader() -> list[str]:
    """Return a sample of each kind for each of the readers."""
    samples: dict[tuple[str | None, str], str] = {}
    for name, facts in sorted(FACTS.items()):
        if name not in REFUSED_BY_NAME:
            sniffed = TYPES[sniff((MEDIA / name).read_bytes()[:WINDOW])]
            samples[sniffed.reader, facts["kind"]] = name
    return sorted({*samples.values(), *(name for name in FACTS if name.endswith((".heic", ".webm")))})


def deployed() -> list[Any]:
    """Return the configurations of all functions."""
    functions: list[Any] = boto3.client("lambda").list_functions()["Functions"]
    return functions


def test_the_domain_leads_to_the_deployed_stage(stage: Stage) -> None:
    gateway = boto3.client("apigateway")
    [mapping] = gateway.get_base_path_mappings(domainName=DOMAIN)["items"]
    assert (mapping["restApiId"], mapping["stage"]) == (stage.outputs()["RestAPIId"], "api")
    assert stage.outputs()["DomainTarget"] == gateway.get_domain_name(domainName=DOMAIN)["regionalDomainName"]


def test_storage_lets_pages_of_the_same_origins_send_bytes(stage: Stage, ana: Door) -> None:
    begun = ana.begin("from a page.txt", b"from a page")
    own = stage.outputs()["EndpointURL"].removesuffix("/api/")
    pages = (test_edge.PAGE, own, f"https://{DOMAIN}")
    for origin, status in (*((page, 200) for page in pages), ("https://elsewhere.example.org", 403)):
        asked = {"Origin": origin, "Access-Control-Request-Method": "PUT"}
        assert requests.options(begun["url"], headers=asked, timeout=30).status_code == status, origin


def test_sign_ins_in_a_row_are_slowed_down_here_too(ana: Door, reader: str) -> None:
    test_edge.test_sign_ins_in_a_row_are_slowed_down_and_say_when_to_come_back(ana, reader)


def test_a_stage_that_holds_data_is_not_destroyed_unless_told(stage: Stage, ana: Door) -> None:
    with pytest.raises(HoldsData, match="media"):
        stage.destroy(with_data=False)
    assert ana.get("/v1/files")["items"]
    stage.destroy(with_data=True)
    assert stage.outputs() == {}
    assert boto3.client("s3").list_buckets()["Buckets"] == []
    assert boto3.client("dynamodb").list_tables()["TableNames"] == []
