"""Compiles, before it is deployed, what a function imports when it starts.

Lambda unpacks a zip where nothing can be written, so Python would compile every module anew at each cold start. The
bytecode is not compared with its source (unchecked hashes, PEP 552): both come in the same zip, which never changes.
"""

import re
import subprocess
import sys
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

from infra.package.functions import CannotPackage

type Entry = tuple[zipfile.ZipInfo, bytes]

HOME = "/var/task"  # where Lambda unpacks; tracebacks say so
STARTS_WITH = re.compile(
    r"^(app\.py|multipart\.py|typing_extensions\.py|(chalicelib|chalice|pydantic|pydantic_core|jwt|jmespath|typing_inspection"
    r"|annotated_types|cryptography)/(?!v1/|deprecated/|cli/)"
    r"|aws_lambda_powertools/(logging/|shared/|warnings/|exceptions/|package_logger\.py|__init__\.py"
    r"|utilities/(__init__\.py|batch/|data_classes/)))"
)
"""What cold starts import of the zip; more would be over its budget."""


def added(entries: list[Entry]) -> list[Entry]:
    """Return a zip's entries with the bytecode of those that a start imports. Raises CannotPackage."""
    with TemporaryDirectory() as work:
        root = Path(work)
        sources = [(info, content) for info, content in entries if _is_imported(info.filename)]
        for info, content in sources:
            path = root / info.filename
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        _compile(root)
        made = [(zipfile.ZipInfo(_name(path, root)), path.read_bytes()) for path in root.rglob("*.pyc")]
    return sorted([*entries, *made], key=lambda entry: entry[0].filename)


def _is_imported(name: str) -> bool:
    return name.endswith(".py") and bool(STARTS_WITH.match(name))


def _name(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix()


def _compile(root: Path) -> None:
    command = [
        *(sys.executable, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash"),
        *("-s", str(root), "-p", HOME, str(root)),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - Python's own
    if done.returncode:
        raise CannotPackage(f"The functions' code cannot be compiled: {(done.stdout + done.stderr).strip()}")
