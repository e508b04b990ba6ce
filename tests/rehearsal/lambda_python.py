"""A stand-in for Lambda's Python: the standard library, boto3, the function's zip, its layers, and nothing else.

No package of the development environment can be imported, no program of this machine found, no setting of the
developer read.
"""

import importlib.metadata
import re
import sys
from pathlib import Path

LAUNCHER = """#!{python} -IS
import os, sys
layers = [layer for layer in os.environ.get("_LAMBDA_LAYERS_DIRS", "").split(os.pathsep) if layer]
kept = ("AWS_", "_LAMBDA", "LAMBDA_")
environment = {{name: value for name, value in os.environ.items() if name.startswith(kept)}}
environment |= {{
    "LANG": "en_US.UTF-8",
    "PATH": os.pathsep.join(layer + "/bin" for layer in layers),  # /opt/bin, where layers lie on Lambda
    "PYTHONPATH": {runtime!r},
    "NO_PROXY": "127.0.0.1,localhost",
}}
os.execve({python!r}, [{python!r}, "-S", *sys.argv[1:]], environment)
"""


def make(folder: Path) -> Path:
    """Make the runtime in a folder, and return the program that is its Python."""
    runtime = folder / "runtime"
    runtime.mkdir()
    for package in closure("boto3"):
        for entry in top_level(package):
            (runtime / entry.name).symlink_to(entry)
    program = folder / "python"
    python = str(Path(sys._base_executable).resolve())  # type: ignore[attr-defined] # the one without site-packages
    program.write_text(LAUNCHER.format(python=python, runtime=str(runtime)))
    program.chmod(0o755)
    return program


def closure(package: str) -> set[str]:
    """Return a package and all that it needs."""
    found: set[str] = set()
    waiting = [package]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            needs = importlib.metadata.requires(name) or []
            waiting += [re.split(r"[^\w.-]", need)[0] for need in needs if "extra ==" not in need]
    return found


def top_level(package: str) -> set[Path]:
    """Return the modules and folders that a package installs."""
    files = importlib.metadata.files(package) or []
    names = {Path(file.parts[0]) for file in files if not file.parts[0].startswith(("..", "__pycache__"))}
    return {Path(str(importlib.metadata.distribution(package).locate_file(name))) for name in names}
