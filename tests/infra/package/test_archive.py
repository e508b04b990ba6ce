import importlib.util
import marshal
import stat
import sys
import zipfile
from pathlib import Path

import pytest

from infra.package import archive
from infra.package.archive import functions_zip, program_layer, refuse_large_layers, rewrite
from infra.package.functions import CannotPackage

LINUX = "Tag: cp313-cp313-manylinux_2_17_x86_64\nTag: cp312-cp312-manylinux_2_17_x86_64\n"


def zip_of(
    path: Path, contents: dict[str, str], modes: dict[str, int] | None = None, year: int = 2020
) -> Path:
    with zipfile.ZipFile(path, "w") as made:
        for name, content in contents.items():
            info = zipfile.ZipInfo(name, (year, 1, 1, 0, 0, 0))
            info.external_attr = (modes or {}).get(name, stat.S_IFREG | 0o644) << 16
            made.writestr(info, content)
    return path


def names(path: Path) -> list[str]:
    with zipfile.ZipFile(path) as made:
        return made.namelist()


def test_the_same_content_makes_the_same_bytes(tmp_path: Path) -> None:
    contents = {"app.py": "1", "chalicelib/a.py": "2"}
    made = []
    for year, order in ((2019, contents), (2024, dict(reversed(contents.items())))):
        source = zip_of(tmp_path / f"{year}.zip", order, year=year)
        rewrite(source, tmp_path / f"{year}-made.zip")
        made.append((tmp_path / f"{year}-made.zip").read_bytes())
    assert made[0] == made[1]


def test_modes_and_links_of_programs_survive(tmp_path: Path) -> None:
    source = zip_of(
        tmp_path / "a.zip",
        {"bin/ffmpeg": "#!", "bin/ffprobe": "ffmpeg"},
        {"bin/ffmpeg": stat.S_IFREG | 0o755, "bin/ffprobe": stat.S_IFLNK | 0o777},
    )
    program_layer(source, tmp_path / "layer.zip")
    with zipfile.ZipFile(tmp_path / "layer.zip") as made:
        assert made.getinfo("bin/ffmpeg").external_attr >> 16 == stat.S_IFREG | 0o755
        assert stat.S_ISLNK(made.getinfo("bin/ffprobe").external_attr >> 16)


def test_a_program_that_cannot_be_run_makes_no_layer(tmp_path: Path) -> None:
    source = zip_of(tmp_path / "a.zip", {"bin/ffmpeg": "#!", "bin/ffprobe": "#!"})
    with pytest.raises(CannotPackage, match="cannot be run there"):
        program_layer(source, tmp_path / "layer.zip")


def test_what_functions_import_is_compiled_for_where_lambda_unpacks_it(tmp_path: Path) -> None:
    source = zip_of(tmp_path / "a.zip", {"app.py": "def fail(): 1 / 0", "offapi/a.py": "2"})
    made = tmp_path / "made.zip"
    functions_zip(source, made)
    [compiled] = [name for name in names(made) if name.endswith(".pyc")]
    assert compiled == f"__pycache__/app.{sys.implementation.cache_tag}.pyc"
    with zipfile.ZipFile(made) as archive:
        content = archive.read(compiled)
    assert content[:4] == importlib.util.MAGIC_NUMBER
    assert int.from_bytes(content[4:8], "little") == 1  # hashed, and never compared with the source
    assert marshal.loads(content[16:]).co_filename == "/var/task/app.py"


def test_code_that_is_none_makes_no_package(tmp_path: Path) -> None:
    source = zip_of(tmp_path / "a.zip", {"app.py": "def"})
    with pytest.raises(CannotPackage, match="cannot be compiled"):
        functions_zip(source, tmp_path / "made.zip")


def test_a_template_that_cloudformation_would_not_take_makes_no_package(tmp_path: Path) -> None:
    template = tmp_path / "template.json"
    template.write_bytes(b"x" * 1_000_001)
    with pytest.raises(CannotPackage, match="over the budget"):
        archive.refuse_large_template(template)


def test_what_functions_never_read_is_left_out(tmp_path: Path) -> None:
    source = zip_of(
        tmp_path / "a.zip",
        {
            "a.txt": "",
            "chalicelib/__pycache__/a.pyc": "",
            "aws_lambda_powertools/event_handler/api.py": "",
            "aws_lambda_powertools/utilities/batch/base.py": "",
            "pydantic/v1/main.py": "",
            "pydantic/main.pyi": "",
            "pydantic-2.dist-info/METADATA": "",
            "pydantic-2.dist-info/RECORD": "",
            "pydantic-2.dist-info/sboms/a.json": "",
            "cffi-2.dist-info/METADATA": "",
            "offapi/static/redoc.standalone.js": "",
            "offapi/a.js": "",
        },
    )
    functions_zip(source, tmp_path / "made.zip")
    assert names(tmp_path / "made.zip") == ["a.txt", "offapi/a.js", "pydantic-2.dist-info/METADATA"]


@pytest.mark.parametrize("stranger", ["infra/admin.py", "tests/conftest.py", ".chalice/config.json"])
def test_code_that_is_not_for_functions_stops_the_package(tmp_path: Path, stranger: str) -> None:
    source = zip_of(tmp_path / "a.zip", {"app.py": "", stranger: ""})
    with pytest.raises(CannotPackage, match="not theirs"):
        functions_zip(source, tmp_path / "made.zip")


@pytest.mark.parametrize(
    ("tags", "runs"),
    [
        (LINUX, True),
        ("Tag: py3-none-any\n", True),
        ("Tag: cp39-abi3-manylinux_2_28_x86_64\n", True),
        ("Tag: cp313-cp313-linux_x86_64\n", False),
        ("Tag: cp313-cp313-macosx_11_0_arm64\n", False),
        ("Tag: cp313-cp313-manylinux_2_17_aarch64\n", False),
        ("Tag: cp311-cp311-manylinux_2_17_x86_64\n", False),
    ],
)
def test_only_wheels_that_run_on_lambda_are_packaged(tmp_path: Path, tags: str, *, runs: bool) -> None:
    source = zip_of(tmp_path / "a.zip", {"app.py": "", "thing-1.0.dist-info/WHEEL": tags})
    if runs:
        functions_zip(source, tmp_path / "made.zip")
    else:
        with pytest.raises(CannotPackage, match=r"thing-1\.0 is no wheel for Lambda"):
            functions_zip(source, tmp_path / "made.zip")


def test_layers_over_the_budget_stop_the_package(tmp_path: Path) -> None:
    layers = [tmp_path / "a", tmp_path / "b"]
    for layer in layers:
        layer.write_bytes(b"\0" * (archive.LAYERS_BUDGET // 2))
    refuse_large_layers(layers)
    layers[0].write_bytes(b"\0" * (archive.LAYERS_BUDGET // 2 + 1))
    with pytest.raises(CannotPackage, match="over the budget"):
        refuse_large_layers(layers)
