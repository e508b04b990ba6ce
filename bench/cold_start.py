"""What a cold start costs: import, the clients of S3, DynamoDB and SQS, and a first event, each in a new process.

The API and the extraction function, each beside a bare Chalice app with the same three clients and the same event. As
views and services are imported when they are first needed, a first event that needs few of them would flatter: so also
the first list of files, signed in, beside a bare app that makes the same two calls, and extraction with all that an
arrival needs. Processor time, because it is what a busy machine leaves alone; a few lines here stand in for AWS.
`python -m bench.cold_start`
"""

import json
import os
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from bench._machine import ROOT
from chalicelib.accounts.models import Account
from chalicelib.accounts.tokens import AccessTokens
from chalicelib.core.caller import Role
from chalicelib.core.clock import now
from chalicelib.settings import Settings
from tests.rehearsal import lambda_python

ROUNDS = int(os.environ.get("ROUNDS", "9"))
PACKAGE = ROOT / "dist" / "deployment.zip"
CONTEXT = """
class Context:
    aws_request_id, function_name, memory_limit_in_mb = "request-1", "function", 1024
    invoked_function_arn = "arn:aws:lambda:eu-west-1:000000000000:function:function"
    def get_remaining_time_in_millis(self): return 20000
"""
PING = """
ping = {"httpMethod": "GET", "path": "/ping", "resource": "/ping", "headers": {}, "multiValueHeaders": {}, "body": None,
        "queryStringParameters": None, "multiValueQueryStringParameters": None, "pathParameters": None,
        "stageVariables": None, "isBase64Encoded": False,
        "requestContext": {"httpMethod": "GET", "resourcePath": "/ping", "path": "/ping", "requestId": "request-1",
                           "identity": {"sourceIp": "203.0.113.7"}}}
"""
LIST = """
listing = {**ping, "path": "/v1/files", "resource": "/v1/files", "headers": {"Authorization": "Bearer " + TOKEN},
           "requestContext": {**ping["requestContext"], "resourcePath": "/v1/files", "path": "/v1/files"}}
"""
TEST_EVENT = """
record = {"messageId": "1", "receiptHandle": "1", "body": '{"Service": "Amazon S3", "Event": "s3:TestEvent"}',
          "attributes": {"ApproximateReceiveCount": "1"}, "messageAttributes": {}, "md5OfBody": "",
          "eventSource": "aws:sqs", "eventSourceARN": "arn:aws:sqs:eu-west-1:000000000000:x", "awsRegion": "eu-west-1"}
batch = {"Records": [record]}
"""
BARE_API = """
import boto3
from chalice import Chalice
app = Chalice(app_name="bare")
@app.route("/ping")
def answer(): return {"message": "pong"}
session = boto3.Session()
clients = [session.client(name) for name in ("dynamodb", "s3", "sqs")]
assert app(ping, Context())["statusCode"] == 200
"""
BARE_LIST = """
import boto3
from chalice import Chalice
app = Chalice(app_name="bare")
session = boto3.Session()
@app.route("/v1/files")
def answer():
    session.client("secretsmanager").get_secret_value(SecretId="keys")
    dynamodb = session.client("dynamodb")
    owned = {":pk": {"S": "x"}}
    found = dynamodb.query(TableName="x", KeyConditionExpression="pk = :pk", ExpressionAttributeValues=owned)
    return {"items": found["Items"]}
assert app(listing, Context())["statusCode"] == 200
"""
BARE_WORKER = """
import boto3
from chalice import Chalice
app = Chalice(app_name="bare")
@app.on_sqs_message(queue="extraction")
def handle(event): return {"batchItemFailures": [], "bodies": [record.body for record in event]}
session = boto3.Session()
clients = [session.client(name) for name in ("dynamodb", "s3", "sqs")]
assert handle(batch, Context())["bodies"]
"""
API = """
from app import app
from chalicelib.wiring import library
clients = library().clients
assert clients.dynamodb and clients.s3 and clients.sqs
assert app(ping, Context())["statusCode"] == 200
"""
FILES = """
from app import app
assert app(listing, Context())["statusCode"] == 200
"""
WORKER = """
from chalicelib.events.extraction import extract
from chalicelib.wiring import library
clients = library().clients
assert clients.dynamodb and clients.s3 and clients.sqs
assert extract(batch, Context()) == {"batchItemFailures": []}
"""
ARRIVAL = """
assert library().intake
"""
SPENT = """
import resource, sys
spent = resource.getrusage(resource.RUSAGE_SELF)
print(spent.ru_utime + spent.ru_stime, spent.ru_maxrss, len(sys.modules))
"""
PAIRS = {
    "API": (CONTEXT + PING + BARE_API, CONTEXT + PING + API),
    "API, list": (CONTEXT + PING + LIST + BARE_LIST, CONTEXT + PING + LIST + FILES),
    "extraction": (CONTEXT + TEST_EVENT + BARE_WORKER, CONTEXT + TEST_EVENT + WORKER),
    "arrival": (CONTEXT + TEST_EVENT + BARE_WORKER, CONTEXT + TEST_EVENT + WORKER + ARRIVAL),
}
KEYS = {"current": "k1", "k1": "0" * 64}
ANSWERS = {
    "secretsmanager.GetSecretValue": {"SecretString": json.dumps(KEYS)},
    "DynamoDB_20120810.Query": {"Items": [], "Count": 0, "ScannedCount": 0},
}
"""What AWS would say: the keys of tokens, and that there are no files."""


class StandIn(BaseHTTPRequestHandler):
    """Answers as AWS would, at once."""

    def do_POST(self) -> None:
        """Answer one call."""
        self.rfile.read(int(self.headers["Content-Length"]))
        body = json.dumps(ANSWERS[self.headers["X-Amz-Target"]]).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


def token() -> str:
    """Return the access token of somebody without files."""
    account = Account("0190c5a7-5b5e-7a3c-9d0e-4f2b8c6d1e3a", "x@example.org", None, Role.OPERATOR, "", now())
    return AccessTokens(lambda: KEYS, now).issue(account, account.id)


def environment(places: list[Path], aws: str) -> dict[str, str]:
    """Return what a function has: its code, settings that are filled in, and an AWS that is none."""
    foreign = ("AWS_", "MEDIATHEQUE_", "PYTHON")
    own = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    settings = {f"MEDIATHEQUE_{name.upper()}": "https://example.org/x" for name in Settings.required()}
    keys = {
        "AWS_ACCESS_KEY_ID": "AKIA",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "eu-west-1",
    }
    path = os.pathsep.join(map(str, places))
    python = {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}  # /var/task cannot be written
    return own | settings | keys | python | {"AWS_EC2_METADATA_DISABLED": "true", "AWS_ENDPOINT_URL": aws}


def spent(code: str, places: list[Path], aws: str) -> list[float]:
    """Return the processor's milliseconds, the most memory in MB, and the modules of one new process."""
    command = [sys.executable, "-S", "-c", f"TOKEN = {token()!r}\n{code}{SPENT}"]
    done = subprocess.run(
        command, cwd="/", env=environment(places, aws), capture_output=True, text=True, check=True
    )
    seconds, kilobytes, modules = done.stdout.splitlines()[-1].split()
    return [1000 * float(seconds), int(kilobytes) / 1024, int(modules)]


def runtime(folder: Path) -> Path:
    """Make what Lambda has beside a function's own code, and Chalice for the bare app, which its zip would bring."""
    folder.mkdir()
    for package in {*lambda_python.closure("boto3"), "chalice"}:
        for entry in lambda_python.top_level(package):
            (folder / entry.name).symlink_to(entry)
    return folder


def homes(folder: Path, beside: Path) -> dict[str, list[Path]]:
    """Return where the code may lie: the packaged zip with its bytecode and without, or the checkout."""
    if not PACKAGE.is_file():
        return {"checkout": [ROOT, Path(sysconfig.get_path("purelib"))]}
    found = {}
    for name in ("package", "without bytecode"):
        found[name] = [folder / name, beside]
        with zipfile.ZipFile(PACKAGE) as archive:
            archive.extractall(folder / name)
    for compiled in list((folder / "without bytecode").rglob("*.pyc")):
        compiled.unlink()
    return found


def compare(function: str, starts: dict[str, tuple[str, list[Path]]], aws: str) -> None:
    """Start one function in all forms by turns, and print medians and how they compare with the bare app's."""
    rounds = [{name: spent(*start, aws) for name, start in starts.items()} for _ in range(ROUNDS + 1)][1:]
    base = statistics.median(one["bare"][0] for one in rounds)
    for name in starts:
        columns = zip(*(one[name] for one in rounds), strict=True)
        milliseconds, megabytes, modules = (statistics.median(column) for column in columns)
        print(
            f"{function:<11} {name:<17} {milliseconds:6.0f} ms  {megabytes:4.0f} MB  {modules:5.0f} modules"
            f"  {milliseconds / base:.2f} times the bare app's"
        )


def main() -> None:
    """Start everything in every form; without a package (`make package`), the checkout instead."""
    subprocess.run([sys.executable, "-m", "compileall", "-q", "app.py", "chalicelib"], cwd=ROOT, check=True)
    with ThreadingHTTPServer(("127.0.0.1", 0), StandIn) as server, tempfile.TemporaryDirectory() as folder:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        aws = f"http://127.0.0.1:{server.server_port}"
        beside = runtime(Path(folder) / "runtime")
        places = homes(Path(folder), beside)
        for function, (bare, ours) in PAIRS.items():
            starts = {"bare": (bare, [beside])} | {name: (ours, place) for name, place in places.items()}
            compare(function, starts, aws)
        server.shutdown()


if __name__ == "__main__":
    main()
