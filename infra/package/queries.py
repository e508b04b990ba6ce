"""Questions to the logs that CloudWatch keeps beside the dashboard: what metrics would cost too much to tell.

A saved query costs nothing until it is asked, then by the gigabyte of logs that it reads. The dashboard asks the first
of them when someone looks. The fields are those of the lines that the functions write.
"""

from dataclasses import dataclass
from typing import Any

from infra.package.functions import API, Function

_WORKERS = ("extraction", "slow-lane")


@dataclass(frozen=True)
class Query:
    """A question, and the functions whose logs have the answer; none: all."""

    title: str
    text: str
    functions: tuple[str, ...] = ()


QUERIES = {
    "Routes": Query(
        "Routes: requests, latency, failures, calls, units",
        'filter message = "request" | stats count(*) as requests, pct(milliseconds, 50) as p50, '
        "pct(milliseconds, 95) as p95, sum(failures) as failed, avg(aws_calls) as calls, "
        "avg(capacity_units) as units, sum(capacity_units) as units_in_all by route | sort requests desc",
        (API,),
    ),
    "Examinations": Query(
        "Examinations: outcomes and bytes read by the hour",
        'filter message = "arrival handled" | stats sum(files_ready) as ready, sum(files_failed) as failed, '
        "sum(files_rejected) as rejected, sum(aws_bytes_received) as bytes_read by bin(1h)",
        _WORKERS,
    ),
    "Refusals": Query(
        "Refusals by route and status",
        'filter message = "request" and status >= 400 | stats count(*) as times by route, status | sort times desc',
        (API,),
    ),
    "Slowest": Query(
        "Slowest requests",
        'filter message = "request" | fields route, status, milliseconds, aws_calls, request_id '
        "| sort milliseconds desc | limit 25",
        (API,),
    ),
    "Exceptions": Query(
        "Exceptions of all functions",
        'filter level = "ERROR" | fields message, exception, request_id, message_id | sort @timestamp desc | limit 50',
    ),
    "OneRequest": Query(
        "One request: put its X-Request-Id", 'filter request_id = "..." | sort @timestamp asc'
    ),
}


def definitions(functions: list[Function]) -> dict[str, Any]:
    """Return the saved queries, in a folder with the stack's name."""
    return {
        f"{name}Query": {
            "Type": "AWS::Logs::QueryDefinition",
            "Properties": {
                "Name": {"Fn::Sub": f"${{AWS::StackName}}/{query.title}"},
                "LogGroupNames": [{"Ref": f"{one.resource}Logs"} for one in _asked(query, functions)],
                "QueryString": query.text,
            },
        }
        for name, query in QUERIES.items()
    }


def widgets(functions: list[Function]) -> list[dict[str, Any]]:
    """Return the dashboard's tables."""
    return [_table(QUERIES[name], functions) for name in ("Routes", "Examinations")]


def _asked(query: Query, functions: list[Function]) -> list[Function]:
    return [one for one in functions if not query.functions or one.name in query.functions]


def _table(query: Query, functions: list[Function]) -> dict[str, Any]:
    sources = " | ".join(f"SOURCE '${{{one.resource}Logs}}'" for one in _asked(query, functions))
    properties = {
        "title": query.title,
        "query": f"{sources} | {query.text}",
        "region": "${AWS::Region}",
        "view": "table",
    }
    return {"type": "log", "width": 24, "height": 9, "properties": properties}
