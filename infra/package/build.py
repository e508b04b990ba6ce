"""Makes the package: the app and `infra/template.yaml` become one CloudFormation template with its zips.

Chalice packages a copy that holds the app only, so nothing else can get in and nothing is left behind in the checkout.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

from infra.package import archive, checkov, policies
from infra.package.functions import CannotPackage, Function, Template, functions_of, read_template
from infra.package.merge import layer_file, merge_template

ROOT = Path(__file__).parents[2]
TEMPLATE = "template.json"
FUNCTIONS_ZIP = "deployment.zip"  # Chalice's name, which its template says
PYTHONS = ((3, 12), (3, 13))  # Lambda's that the dependencies have wheels for
_STAGE = "cloud"  # of .chalice/config.json
_REGION = "eu-west-1"  # Chalice asks for one; the template names none
_APP = ("app.py", "chalicelib", ".chalice/config.json", "requirements.txt")

type Say = Callable[[str], None]


@dataclass(frozen=True)
class Sources:
    """What is packaged: the checkout, and the ffprobe layer's zip."""

    root: Path
    ffprobe: Path


def require_python(version: tuple[int, int] = sys.version_info[:2]) -> None:
    """Raise CannotPackage for a Python that Lambda's wheels cannot be chosen with."""
    if version not in PYTHONS:
        raise CannotPackage(f"Package with Python 3.12 or 3.13, not {version[0]}.{version[1]}.")


def build(sources: Sources, dist: Path, say: Say) -> Path:
    """Make the package in an empty `dist` and return its template. Raises CannotPackage."""
    require_python()
    shutil.rmtree(dist, ignore_errors=True)
    dist.mkdir(parents=True)
    app = import_module("app").app
    template = read_template(sources.root / "infra" / "template.yaml")
    functions = functions_of(app, template)
    merging = merge_template(app, template, functions, _commit(sources.root))
    with TemporaryDirectory() as work:
        say("Packaging the functions ...")
        made = _chalice_package(sources.root, merging, Path(work))
        archive.functions_zip(made / FUNCTIONS_ZIP, dist / FUNCTIONS_ZIP)
        packaged: Template = json.loads((made / "sam.json").read_text())
        say("Packaging the layers ...")
        _layers(sources, functions, dist, Path(work))
    _refuse_large(functions, dist)
    path = dist / TEMPLATE
    path.write_text(json.dumps(packaged, separators=(",", ":")))
    archive.refuse_large_template(path)
    say("Checking the template ...")
    lint(path)
    policies.check(packaged)
    checkov.check(packaged, say)
    say("\n".join(f"  {file.name:<22}{file.stat().st_size:>12,}" for file in sorted(dist.iterdir())))
    return path


def _chalice_package(root: Path, merging: Template, work: Path) -> Path:
    project = work / "project"
    for name in _APP:
        source, target = root / name, project / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    merge = work / "merge.json"
    merge.write_text(json.dumps(merging))
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PIP_"))}
    environment |= {"AWS_DEFAULT_REGION": _REGION, "PIP_CONSTRAINT": str(root / "constraints.txt")}
    chalice = str(Path(sys.executable).with_name("chalice"))
    command = [chalice, "package", "--stage", _STAGE, "--merge-template", str(merge), str(work / "made")]
    done = subprocess.run(  # noqa: S603 - Chalice's command, no shell
        command, cwd=project, env=environment, capture_output=True, text=True, check=False
    )
    said = done.stdout + done.stderr
    if done.returncode or "Could not install" in said:
        raise CannotPackage(f"chalice package: {said.strip()}")
    return work / "made"


def _layers(sources: Sources, functions: list[Function], dist: Path, work: Path) -> None:
    wanted = {layer for function in functions for layer in function.layers}
    for name in sorted(wanted):
        requirements = sources.root / "layers" / name / "requirements.txt"
        target = dist / layer_file(name)
        if name == "ffprobe":
            archive.program_layer(sources.ffprobe, target)
        elif requirements.is_file():
            archive.python_layer(requirements, sources.root / "constraints.txt", work / name, target)
        else:
            raise CannotPackage(f"There is no layer {name}: layers/{name}/requirements.txt is missing.")
    archive.refuse_large_layers([dist / layer_file(name) for name in wanted])


def _refuse_large(functions: list[Function], dist: Path) -> None:
    for function in functions:
        layers = [dist / layer_file(layer) for layer in function.layers]
        archive.refuse_large_when_unpacked([dist / FUNCTIONS_ZIP, *layers], function.name)


def lint(template: Path) -> None:
    """Raise CannotPackage with what cfn-lint finds."""
    command = [
        str(Path(sys.executable).with_name("cfn-lint")),
        "--regions",
        _REGION,
        "--template",
        str(template),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - a pinned linter
    if done.returncode:
        raise CannotPackage(f"cfn-lint: {(done.stdout + done.stderr).strip()}")


def _commit(root: Path) -> str:
    """Return the commit that is packaged, marked when the checkout has changes; "unknown" outside of git."""
    command = ["git", "describe", "--always", "--abbrev=12", "--dirty", "--exclude=*"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)  # noqa: S603 - git
    return done.stdout.strip() or "unknown"
