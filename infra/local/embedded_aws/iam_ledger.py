"""What was allowed to whom: the proof that a policy grants nothing that nobody uses.

With EMBEDDED_AWS_IAM_LEDGER, a folder, each server writes a file there: a line of JSON with the caller, the action and
the resource of each call that a policy allowed, once. Objects are told by the first folder of their key.
"""

import json
import os
import re
import uuid
from pathlib import Path
from typing import Any

from .emulator import Module

OBJECT = re.compile(r"^(arn:aws:s3:::[^/]+/[^/]+/).*")


def install_ledger(evaluator: Module, folder: Path) -> None:
    """Record what is allowed by `ministack.core.iam_evaluator`."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{os.getpid()}-{uuid.uuid4()}.jsonl"
    evaluate = evaluator.evaluate
    known: set[tuple[str, ...]] = set()

    def recorded(context: Any, *policies: Any) -> Any:
        result = evaluate(context, *policies)
        resource = OBJECT.sub(r"\1*", context.resource_arn)
        call = (context.principal_arn, context.action, resource)
        if result.decision == "Allow" and call not in known:
            known.add(call)
            with path.open("a", encoding="utf-8") as ledger:
                ledger.write(json.dumps(call) + "\n")
        return result

    evaluator.evaluate = recorded
