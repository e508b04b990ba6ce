"""The zips that Lambda unpacks: the functions' from Chalice's, the layers' from wheels and from the ffprobe build.

The same content makes the same bytes, so an unchanged zip is never uploaded twice. Whatever could not run on
Lambda is refused here: a wheel for another platform, Pillow without its libraries, code that is not for the
functions, a zip over its budget.
"""

import re
import stat
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from infra.package import bytecode
from infra.package.bytecode import Entry
from infra.package.functions import CannotPackage

FUNCTIONS_BUDGET = 8_000_000  # bytes, zipped
LAYERS_BUDGET = 30_000_000  # bytes, zipped, of all layers together
TEMPLATE_LIMIT = 1_000_000  # bytes: CloudFormation's is 1 MB
UNPACKED_LIMIT = 250_000_000  # bytes: Lambda's, for a function with its layers
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can say
_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
_TAG = _PYTHON.replace(".", "")
_PLATFORMS = (
    "manylinux_2_28_x86_64",
    "manylinux_2_17_x86_64",
    "manylinux2014_x86_64",
)  # Lambda has glibc 2.34
_RUNS_THERE = re.compile(
    rf"^(?:py2\.)?py3-none-any$|^(?:cp{_TAG}|cp3\d+|py3)-(?:cp{_TAG}|abi3|none)-.*manylinux.*_x86_64"
)
_OURS = ("app.py", "chalicelib/")
_NOT_OURS = ("infra/", "tests/", "layers/", "bench/", ".chalice/", "docs/")
_USELESS = re.compile(
    r"(^|/)__pycache__/|\.py[ci]$|(^|/)py\.typed$|\.dist-info/(RECORD|INSTALLER|REQUESTED|sboms/)|^[^/]+\.data/"
    r"|^offapi/.*(redoc|scalar)[^/]*\.js$|^pydantic/(v1/|mypy\.py)"
    r"|^(python/)?(cffi|dns|dnspython|pycparser)(-[^/]+\.dist-info)?/"  # nobody asks for what they do
    r"|^aws_lambda_powertools/(event_handler|middleware_factory|utilities/(?!__init__\.py|jmespath_utils/))"
)
"""What no function reads."""


def rewrite(source: Path, target: Path, keep: Callable[[str], bool] = lambda _: True) -> None:
    """Copy a zip in a form that depends on its content only; modes and symbolic links stay."""
    _write(target, _entries(source, keep))


def _entries(source: Path, keep: Callable[[str], bool]) -> list[Entry]:
    with zipfile.ZipFile(source) as archive:
        entries = [
            (info, archive.read(info))
            for info in archive.infolist()
            if not info.is_dir() and keep(info.filename)
        ]
    return sorted(entries, key=lambda entry: entry[0].filename)


def functions_zip(chalice_zip: Path, target: Path) -> None:
    """Make the functions' zip, with the bytecode of what functions import. Raises CannotPackage."""
    entries = _entries(chalice_zip, lambda name: not _USELESS.search(name))
    _write(target, bytecode.added(entries, bytecode.FUNCTIONS))
    with zipfile.ZipFile(target) as archive:
        strangers = [name for name in archive.namelist() if name.startswith(_NOT_OURS)]
        _refuse_foreign_wheels(archive, "")
    if strangers:
        raise CannotPackage(
            f"The functions' zip carries what is not theirs: {strangers[0]} and {len(strangers)} in all."
        )
    _refuse_oversize(target.stat().st_size, FUNCTIONS_BUDGET, target.name)


def python_layer(requirements: Path, constraints: Path, work: Path, target: Path) -> None:
    """Make a layer of Lambda's wheels of a requirements file; pip fetches or takes them from its cache."""
    packages = work / "python"
    command = [
        *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"),
        *("--requirement", str(requirements), "--constraint", str(constraints), "--target", str(packages)),
        *("--only-binary", ":all:", "--implementation", "cp", "--python-version", _PYTHON),
        *(word for platform in _PLATFORMS for word in ("--platform", platform)),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - pip, no shell
    if done.returncode:
        raise CannotPackage(f"{requirements} could not be installed for Lambda: {done.stderr.strip()}")
    _write(target, bytecode.added(list(_files_of(work)), bytecode.LAYERS))
    with zipfile.ZipFile(target) as archive:
        _refuse_foreign_wheels(archive, "python/")
        names = archive.namelist()
    if any(name.startswith("python/PIL/") for name in names) and not any(
        "pillow.libs/" in name for name in names
    ):
        raise CannotPackage("Pillow came without its libraries (pillow.libs): it would open no image.")


def program_layer(source: Path, target: Path) -> None:
    """Make the layer of programs; they must be executable in it. Raises CannotPackage."""
    rewrite(source, target)
    with zipfile.ZipFile(target) as archive:
        programs = {
            info.filename: info.external_attr >> 16
            for info in archive.infolist()
            if info.filename.startswith("bin/")
        }
    for name in ("bin/ffprobe", "bin/ffmpeg"):
        mode = programs.get(name, 0)
        if not stat.S_ISLNK(mode) and not mode & stat.S_IXUSR:
            raise CannotPackage(f"{name} is not in the layer, or cannot be run there.")


def refuse_large_layers(layers: list[Path]) -> None:
    """Raise CannotPackage when all layers together are over the budget."""
    _refuse_oversize(sum(layer.stat().st_size for layer in layers), LAYERS_BUDGET, "all layers together")


def refuse_large_template(template: Path) -> None:
    """Raise CannotPackage when the template is larger than CloudFormation takes from a bucket."""
    _refuse_oversize(template.stat().st_size, TEMPLATE_LIMIT, template.name)


def refuse_large_when_unpacked(archives: list[Path], function: str) -> None:
    """Raise CannotPackage when a function and its layers are more than Lambda unpacks."""
    unpacked = sum(info.file_size for path in archives for info in zipfile.ZipFile(path).infolist())
    _refuse_oversize(unpacked, UNPACKED_LIMIT, f"{function} with its layers, unpacked")


def _refuse_oversize(size: int, budget: int, what: str) -> None:
    if size > budget:
        raise CannotPackage(f"{what}: {size:,} bytes, over the budget of {budget:,}.")


def _refuse_foreign_wheels(archive: zipfile.ZipFile, prefix: str) -> None:
    """Raise CannotPackage for a package whose wheel does not say that it runs on Lambda."""
    wheels = [name for name in archive.namelist() if re.fullmatch(rf"{prefix}[^/]+\.dist-info/WHEEL", name)]
    for name in wheels:
        tags = re.findall(r"^Tag: (\S+)", archive.read(name).decode(), flags=re.MULTILINE)
        if not any(_RUNS_THERE.match(tag) for tag in tags):
            package = name.removeprefix(prefix).split(".dist-info")[0]
            raise CannotPackage(
                f"{package} is no wheel for Lambda's Linux and Python {_PYTHON}: {', '.join(tags)}."
            )


def _files_of(folder: Path) -> Iterator[Entry]:
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and not _USELESS.search(name):
            info = zipfile.ZipInfo(name)
            info.external_attr = (stat.S_IFREG | stat.S_IMODE(path.stat().st_mode)) << 16
            yield info, path.read_bytes()


def _write(target: Path, entries: Iterator[Entry] | list[Entry]) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for original, content in entries:
            info = zipfile.ZipInfo(original.filename, _EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = original.external_attr or (stat.S_IFREG | 0o644) << 16
            info.create_system = 3  # Unix: modes count
            archive.writestr(info, content, compresslevel=9)
