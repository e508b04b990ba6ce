"""What a cold start costs: import, the clients of S3, DynamoDB and SQS, and a first event, each in a new process.

The API and the extraction function, each beside a bare Chalice app with the same three clients and the same event.
Processor time, because it is what a busy machine leaves alone; no request reaches AWS. `python -m bench.cold_start`
"""

import os
import statistics
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from bench._machine import ROOT
from chalicelib.settings import Settings

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
WORKER = """
from chalicelib.events.extraction import extract
from chalicelib.wiring import library
clients = library().clients
assert clients.dynamodb and clients.s3 and clients.sqs
assert extract(batch, Context()) == {"batchItemFailures": []}
"""
SPENT = """
import resource, sys
spent = resource.getrusage(resource.RUSAGE_SELF)
print(spent.ru_utime + spent.ru_stime, spent.ru_maxrss, len(sys.modules))
"""
PAIRS = {
    "API": (CONTEXT + PING + BARE_API, CONTEXT + PING + API),
    "extraction": (CONTEXT + TEST_EVENT + BARE_WORKER, CONTEXT + TEST_EVENT + WORKER),
}


def environment(home: Path) -> dict[str, str]:
    """Return what a function has: its code, settings that are filled in, and nothing of this machine's AWS."""
    foreign = ("AWS_", "MEDIATHEQUE_", "PYTHON")
    own = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    settings = {
        f"MEDIATHEQUE_{name.upper()}": "https://example.org/x"
        for name, field in Settings.model_fields.items()
        if field.is_required()
    }
    keys = {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_DEFAULT_REGION": "eu-west-1"}
    python = {"PYTHONPATH": str(home), "PYTHONDONTWRITEBYTECODE": "1"}  # /var/task cannot be written
    return own | settings | keys | python | {"AWS_EC2_METADATA_DISABLED": "true"}


def spent(code: str, home: Path) -> list[float]:
    """Return the processor's milliseconds, the most memory in MB, and the modules of one new process."""
    command = [sys.executable, "-c", code + SPENT]
    done = subprocess.run(command, cwd="/", env=environment(home), capture_output=True, text=True, check=True)
    seconds, kilobytes, modules = done.stdout.splitlines()[-1].split()
    return [1000 * float(seconds), int(kilobytes) / 1024, int(modules)]


def homes(folder: Path) -> dict[str, Path]:
    """Return where the code may lie: the checkout, and the packaged zip with its bytecode and without."""
    found = {"checkout": ROOT}
    if PACKAGE.is_file():
        for name in ("package", "without bytecode"):
            found[name] = folder / name
            with zipfile.ZipFile(PACKAGE) as archive:
                archive.extractall(found[name])
        for compiled in list((folder / "without bytecode").rglob("*.pyc")):
            compiled.unlink()
    return found


def main() -> None:
    """Start all by turns, and print medians and how they compare with the bare app's."""
    subprocess.run([sys.executable, "-m", "compileall", "-q", "app.py", "chalicelib"], cwd=ROOT, check=True)
    with tempfile.TemporaryDirectory() as folder:
        for function, (bare, ours) in PAIRS.items():
            starts = {"bare": (bare, Path(folder))}
            starts |= {name: (ours, home) for name, home in homes(Path(folder)).items()}
            rounds = [{name: spent(*start) for name, start in starts.items()} for _ in range(ROUNDS + 1)][1:]
            for name in starts:
                columns = zip(*(one[name] for one in rounds), strict=True)
                milliseconds, megabytes, modules = (statistics.median(column) for column in columns)
                base = statistics.median(one["bare"][0] for one in rounds)
                print(
                    f"{function:<11} {name:<17} {milliseconds:6.0f} ms  {megabytes:4.0f} MB  {modules:5.0f} modules"
                    f"  {milliseconds / base:.2f} times the bare app's"
                )


if __name__ == "__main__":
    main()
