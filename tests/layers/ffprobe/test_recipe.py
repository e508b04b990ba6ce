import shutil
from pathlib import Path

import pytest

from layers.ffprobe import recipe


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in recipe.FILES:
        shutil.copy(recipe.FOLDER / name, tmp_path / name)
    return tmp_path


@pytest.mark.parametrize("name", recipe.FILES)
def test_an_edit_of_any_file_of_the_recipe_gives_another_key(folder: Path, name: str) -> None:
    before = recipe.key("x86_64", folder)

    with (folder / name).open("a") as file:
        file.write("\n")

    assert recipe.key("x86_64", folder) != before


def test_the_architectures_have_different_keys_and_a_copy_has_the_same(folder: Path) -> None:
    assert recipe.key("x86_64", folder) == recipe.key("x86_64")
    assert recipe.key("x86_64") != recipe.key("aarch64")


def test_every_file_that_the_build_reads_is_part_of_the_recipe() -> None:
    script = (recipe.FOLDER / "build.sh").read_text()
    read = {name for name in script.replace('"', " ").replace("<", " ").split() if name.startswith("$HERE/")}

    assert {name.removeprefix("$HERE/") for name in read} | {"build.sh"} == set(recipe.FILES)


def test_every_source_has_a_checksum_and_a_way_from_the_release_site_and_from_a_mirror() -> None:
    rows = recipe.sources()

    assert {row.name for row in rows} == {"ffmpeg", "dav1d", "libwebp", "zlib"}
    assert all(len(row.sha256) == 64 for row in rows)
    for name in {row.name for row in rows}:
        of_name = [row for row in rows if row.name == name]
        assert any(row.release for row in of_name)
        assert any(row.pool for row in of_name)
        assert len({row.version for row in of_name}) == 1


def test_nothing_that_opens_a_second_file_is_among_the_features() -> None:
    lines = (recipe.FOLDER / "features.txt").read_text().splitlines()
    rows = [line.split() for line in lines if line and not line.startswith("#")]
    features = {(kind, name) for kind, *names in rows for name in names}

    following = {"hls", "dash", "concat", "image2", "sdp", "rtp", "rtsp", "webm_dash_manifest", "imf"}
    assert {name for kind, name in features if kind == "protocol"} == {"http", "tcp", "pipe", "fd"}
    assert not following & {name for kind, name in features if kind == "demuxer"}
