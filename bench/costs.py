"""What a month costs on AWS, from counted calls and public prices: the table of docs/deploy.md. `python -m bench.costs`

The work on one file is done once on the embedded AWS, and every call and capacity unit of it is counted. What a month
is made of stands in MONTH; what cannot be counted here (how long functions run on Lambda) is assumed, in SECONDS.
"""

import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import requests

from bench._library import embedded_library
from bench._machine import ROOT
from chalicelib.aws.clients import Clients
from chalicelib.blobs.arrivals import Arrival
from chalicelib.catalogue.models import Criteria, Sort
from chalicelib.core.caller import Caller, Origin, Role
from chalicelib.core.ids import new_id
from chalicelib.core.metrics import ARRIVAL, JOB, REQUEST
from chalicelib.uploads.models import Begun, Request
from chalicelib.wiring import Library

SIZES = (0, 1_000, 100_000, 10_000_000)


@dataclass(frozen=True)
class Price:
    """Dollars in us-east-1 without free tiers, and who says so when; "" where no page was found that does."""

    dollars: float
    source: str


_WHITEPAPER = "AWS, How AWS Pricing Works (whitepaper, stored copy)"
_METRICS = "signoz.io, CloudWatch pricing, 15 February 2026"
_LOGS = "factualminds.com, CloudWatch pricing, 13 June 2026"
_UNITS = "airbyte.com, DynamoDB pricing, 21 July 2025 (halved in November 2024)"
_REQUESTS = "c3x.dev, S3 request fees, undated"
PRICES = {
    "DynamoDB write unit": Price(0.625e-6, _UNITS),
    "DynamoDB read unit": Price(0.125e-6, _UNITS),
    "DynamoDB GB-month": Price(0.25, "aws.amazon.com/dynamodb/pricing (stored copy, undated)"),
    "DynamoDB recovery GB-month": Price(0.20, ""),
    "S3 GB-month": Price(0.023, "deepeshsoni.com, Amazon S3 pricing, undated"),
    "S3 write": Price(0.005e-3, _REQUESTS),
    "S3 read": Price(0.0004e-3, _REQUESTS),
    "API Gateway request": Price(3.50e-6, "AWS, Best Practices for Private APIs (whitepaper, stored copy)"),
    "Lambda request": Price(0.20e-6, _WHITEPAPER),
    "Lambda GB-second": Price(0.0000166667, _WHITEPAPER),
    "SQS request": Price(0.40e-6, "cloudburn.io, Amazon SQS pricing, 14 March 2026"),
    "GB out": Price(0.09, "awsforengineers.com, API Gateway pricing, 19 May 2025"),
    "log GB": Price(0.50, _LOGS),
    "secret-month": Price(0.40, "hivebook.wiki, AWS Secrets Manager, undated"),
    "alarm-month": Price(0.10, "c3x.dev, CloudWatch alarm, undated"),
    "metric-month": Price(0.30, _METRICS),
    "dashboard-month": Price(3.00, _LOGS),
}
MONTH = {"uploaded": 0.1, "listed": 1.0, "read": 0.2, "downloaded": 0.1}
"""How often each file is, on average: in a page of a list, 20 to a page; by itself; sent to someone."""
FILE_BYTES, RENDITION_BYTES, RECORD_BYTES, LOG_BYTES = 3_000_000, 60_000, 12_000, 600
SECONDS = {"api": 0.1, "extraction": 1.5}  # assumed; memory is the template's: 1 and 2 GB
ALARMS, SECRETS, DASHBOARDS = 17, 1, 1
MILLIONS = 0.001  # dollars under which a price is told by the million
HOURS = 720  # of a month; a metric is billed for those in which it is sent
POLLS = 3 * 5 * 3 * 60 * 24 * 30  # three queues, five pollers each, a long poll of 20 s
SWEEPS = 30 * 24 * 12
READS = {"GetItem", "BatchGetItem", "Query", "Scan"}


@dataclass
class Count:
    """Calls by service and operation, and DynamoDB's units."""

    calls: Counter[str] = field(default_factory=Counter)
    read_units: float = 0.0
    write_units: float = 0.0

    def answered(self, parsed: dict[str, Any], model: Any, **_: Any) -> None:
        """Count one answer of botocore's."""
        self.calls[f"{model.service_model.service_name}.{model.name}"] += 1
        consumed = parsed.get("ConsumedCapacity") or []
        units = sum(
            row.get("CapacityUnits", 0.0) for row in ([consumed] if isinstance(consumed, dict) else consumed)
        )
        if model.name == "BatchGetItem":  # the emulator says 1 for all items; AWS counts each
            units = max(units, sum(len(items) for items in parsed["Responses"].values()))
        if model.name in READS:
            self.read_units += units
        else:
            self.write_units += units

    def dollars(self) -> float:
        """Return what the calls cost, without those to DynamoDB, whose units do."""
        written = sum(n for name, n in self.calls.items() if name.startswith("s3.Put"))
        read = sum(n for name, n in self.calls.items() if name.startswith("s3.")) - written
        queued = sum(n for name, n in self.calls.items() if name.startswith("sqs."))
        return (
            self.write_units * price("DynamoDB write unit")
            + self.read_units * price("DynamoDB read unit")
            + written * price("S3 write")
            + read * price("S3 read")
            + queued * price("SQS request")
        )


def price(of: str) -> float:
    """Return a price in dollars."""
    return PRICES[of].dollars


def counted(clients: Clients, work: Callable[[], object]) -> Count:
    """Do some work, and return what it asked of AWS."""
    count, events = Count(), clients._session.events  # noqa: SLF001 - the session's hooks are the meter's, too
    events.register("after-call", count.answered)
    for client in (clients.dynamodb, clients.s3, clients.sqs):
        client.meta.events.register("after-call", count.answered)
    work()
    for client in (clients.dynamodb, clients.s3, clients.sqs):
        client.meta.events.unregister("after-call", count.answered)
    events.unregister("after-call", count.answered)
    return count


def work_on_a_file() -> dict[str, Count]:
    """Return what each kind of work on a photo asks of AWS, in a library that has a page full of files."""
    content = (ROOT / "tests" / "media" / "samples" / "photo.jpg").read_bytes()
    caller = Caller(new_id(), Role.OPERATOR, new_id(), Origin())
    with embedded_library() as library:
        clients = library.clients
        for number in range(21):
            bring_in(library, caller, content + bytes([number]))
        counts = {"uploaded": counted(clients, lambda: bring_in(library, caller, content))}
        [file, *_] = library.files.newest_first(caller, limit=20, cursor=None).items
        work: dict[str, Callable[[], object]] = {
            "listed": lambda: library.files.find(caller, Criteria(), Sort(), limit=20, cursor=None),
            "read": lambda: library.files.get(caller, file.id),
            "downloaded": lambda: library.files.get(caller, file.id),
        }
        return counts | {name: counted(clients, one) for name, one in work.items()}


def bring_in(library: Library, caller: Caller, content: bytes) -> None:
    """Upload a photo, and examine it."""
    sha256 = hashlib.sha256(content).hexdigest()
    begun = library.uploads.begin(
        caller, Request(f"{sha256[:8]}.jpg", len(content), sha256, tags=("paris", "tower"))
    )
    assert isinstance(begun, Begun)
    assert begun.put
    requests.put(begun.put.url, data=content, headers=begun.put.headers, timeout=30).raise_for_status()
    library.intake.arrived(Arrival(caller.user_id, sha256, len(content)))


def month(files: int, counts: dict[str, Count]) -> dict[str, float]:
    """Return the dollars of a month with so many files in the library."""
    times = {name: files * share for name, share in MONTH.items()}
    times["listed"] /= 20
    requests_ = sum(times.values())
    api = price("API Gateway request") + price("Lambda request") + SECONDS["api"] * price("Lambda GB-second")
    examined = price("Lambda request") + 2 * SECONDS["extraction"] * price("Lambda GB-second")
    gigabytes = files * (FILE_BYTES + RENDITION_BYTES) / 1e9
    return {
        "storage": gigabytes * price("S3 GB-month")
        + files * RECORD_BYTES / 1e9 * (price("DynamoDB GB-month") + price("DynamoDB recovery GB-month")),
        "requests": requests_ * api
        + times["uploaded"] * (examined + price("S3 write") + 3 * price("SQS request")),
        "AWS calls": sum(times[name] * count.dollars() for name, count in counts.items()),
        "bytes out": times["downloaded"] * FILE_BYTES / 1e9 * price("GB out"),
        "always": SECRETS * price("secret-month")
        + ALARMS * price("alarm-month")
        + DASHBOARDS * price("dashboard-month")
        + idle(),
        "metrics": price("metric-month")
        * (len(REQUEST) * hours(requests_) + (len(ARRIVAL) + len(JOB)) * hours(times["uploaded"]))
        / HOURS,
        "logs": (requests_ + times["uploaded"]) * LOG_BYTES / 1e9 * price("log GB"),
    }


def hours(times: float) -> float:
    """Return in how many hours of a month something happens that happens so often, if never twice in one."""
    return min(float(HOURS), times)


def idle() -> float:
    """Return what waiting costs: Lambda's polls of three queues, and the sweep every five minutes."""
    sweep = price("Lambda request") + 0.5 * price("Lambda GB-second") + 20 * price("DynamoDB read unit")
    return POLLS * price("SQS request") + SWEEPS * sweep


def main() -> None:
    """Print what was counted, and the table."""
    counts = work_on_a_file()
    for name, count in counts.items():
        print(f"{name}: {dict(count.calls)}, {count.write_units:g} write and {count.read_units:g} read units")
    columns = {files: month(files, counts) for files in SIZES}
    print("\n| dollars a month |" + "".join(f" {files:,} files |" for files in SIZES))
    print("|---|" + "---:|" * len(SIZES))
    for row in columns[0]:
        print(f"| {row} |" + "".join(f" {columns[files][row]:,.2f} |" for files in SIZES))
    print("| **together** |" + "".join(f" **{sum(columns[files].values()):,.2f}** |" for files in SIZES))
    print("\n| price | dollars | source |\n|---|---:|---|")
    for name, one in PRICES.items():
        said = f"{one.dollars:g}" if one.dollars > MILLIONS else f"{one.dollars * 1e6:.6g} a million"
        print(f"| {name} | {said} | {one.source or '**not confirmed**'} |")


if __name__ == "__main__":
    main()
