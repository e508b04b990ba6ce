"""Compiles, before it is deployed, what functions import.

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

FUNCTIONS, LAYERS = "/var/task", "/opt"  # where Lambda unpacks; tracebacks say so
IMPORTED = re.compile(
    r"^(app\.py|multipart\.py|typing_extensions\.py|python/cryptography/|(chalicelib|chalice|pydantic|pydantic_core"
    r"|typing_inspection|annotated_types|jwt|jmespath|argon2|_argon2_cffi_bindings|email_validator|idna|uuid_utils"
    r"|aws_lambda_powertools)/(?!deprecated/|uts46data\.py|cli\.py|__main__\.py))"
)
"""What functions import, at a start or with the first request that needs it. Readers of files may take their time."""


def added(entries: list[Entry], home: str) -> list[Entry]:
    """Return a zip's entries with the bytecode of what functions import; `home` is where it will lie.

    Raises CannotPackage for code that is none.
    """
    with TemporaryDirectory() as work:
        root = Path(work)
        sources = [(info, content) for info, content in entries if _is_imported(info.filename)]
        for info, content in sources:
            path = root / info.filename
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        _compile(root, home)
        made = [(zipfile.ZipInfo(_name(path, root)), path.read_bytes()) for path in root.rglob("*.pyc")]
    return sorted([*entries, *made], key=lambda entry: entry[0].filename)


def _is_imported(name: str) -> bool:
    return name.endswith(".py") and bool(IMPORTED.match(name))


def _name(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix()


def _compile(root: Path, home: str) -> None:
    command = [
        *(sys.executable, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash"),
        *("-s", str(root), "-p", home, str(root)),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - Python's own
    if done.returncode:
        raise CannotPackage(f"The functions' code cannot be compiled: {(done.stdout + done.stderr).strip()}")
