"""Every reader finds the same in its cage as in this process, where nothing is forbidden."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from chalicelib.extraction.errors import FileFault
from chalicelib.extraction.examine import _zygote
from chalicelib.extraction.filetypes import TYPES
from chalicelib.extraction.models import Finding
from chalicelib.extraction.readers import READERS
from chalicelib.extraction.sniff import WINDOW, sniff
from tests.extraction.sources import MEDIA, sample, source_of

CAGED = sorted(
    path.name
    for path in (MEDIA / "samples").iterdir()
    if TYPES[sniff(path.read_bytes()[:WINDOW])].reader not in {None, "media"}
)


def outcome(find: object) -> Finding | tuple[str, str]:
    try:
        found: Finding = find()  # type: ignore[operator]  # any callable
    except FileFault as fault:
        return fault.code, fault.detail
    return found


@pytest.mark.parametrize("name", CAGED)
def test_a_reader_finds_the_same_in_its_cage_as_outside(name: str) -> None:
    content = sample(name)
    sniffed = sniff(content)
    kind = TYPES[sniffed].reader
    assert kind is not None
    reader = READERS[kind]
    free = outcome(lambda: importlib.import_module(reader.module).read(source_of(content), sniffed))
    caged = outcome(lambda: _zygote.read(reader.module, source_of(content), sniffed, reader.limits))
    assert caged == free


def test_the_parent_imports_no_parser() -> None:
    script = (
        "import sys, chalicelib.extraction.examine; "
        "foreign = {'PIL', 'pypdf', 'pypdfium2', 'olefile', 'pillow_heif', 'defusedxml', 'boto3', 'chalice'}; "
        "print(sorted(foreign & set(sys.modules)))"
    )
    root = Path(__file__).parents[3]
    said = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=True, text=True, cwd=root
    )
    assert said.stdout.strip() == "[]"
