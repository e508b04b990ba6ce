"""Where ffprobe is looked for."""

import subprocess
from pathlib import Path

import pytest

from chalicelib.extraction.errors import MediaToolsMissing
from chalicelib.extraction.tools import MediaTools, find_media_tools


def test_media_tools_are_looked_for_in_the_named_folder_first(tmp_path: Path) -> None:
    named, on_path = tmp_path / "named", tmp_path / "path"
    for folder in (named, on_path):
        folder.mkdir()
        (folder / "ffprobe").touch(mode=0o700)
    assert (
        find_media_tools({"MEDIA_TOOLS_DIR": str(named), "PATH": str(on_path)}).ffprobe == named / "ffprobe"
    )
    assert (
        find_media_tools({"MEDIA_TOOLS_DIR": str(tmp_path), "PATH": str(on_path)}).ffprobe
        == on_path / "ffprobe"
    )


def test_no_media_tools_is_an_error_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(MediaToolsMissing):
        find_media_tools({"PATH": str(tmp_path)})


def test_the_tools_under_test_can_be_run(tools: MediaTools) -> None:
    said = subprocess.run([tools.ffprobe, "-version"], capture_output=True, check=True, text=True)
    assert said.stdout.startswith("ffprobe version")
