import platform
from pathlib import Path

import pytest

from layers.ffprobe import toolchain
from layers.ffprobe.recipe import ARCHITECTURES, Architecture


def _say(_: str) -> None:
    pass


def _nothing(_: str) -> None:
    return None


def _compiler(folder: Path, name: str, libc: str) -> str:
    program = folder / name
    program.write_text(f"#!/bin/sh\necho {libc}\n")
    program.chmod(0o755)
    return str(program)


def test_what_is_missing_is_named_in_one_sentence_with_the_packages(tmp_path: Path) -> None:
    installer = toolchain.Installer(apt=False, environment=tmp_path / "tools")

    with pytest.raises(toolchain.ToolsMissing) as raised:
        toolchain.ensure("x86_64", installer, str(tmp_path), _say)

    sentence = str(raised.value)
    assert "\n" not in sentence
    assert "lacks gcc, make, meson, pkg-config, patch, zip, ninja, xz, nasm" in sentence
    assert "apt-get install gcc make meson pkg-config patch zip ninja-build xz-utils nasm" in sentence
    assert not (tmp_path / "tools").exists()


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_other_architecture_needs_a_cross_compiler(architecture: Architecture) -> None:
    commands = {tool.command for tool in toolchain.missing(architecture, _nothing)}

    crossing = {command for command in commands if command.endswith("-linux-gnu-gcc")}
    assert bool(crossing) == (architecture != platform.machine())
    assert ("nasm" in commands) == (architecture == "x86_64")


@pytest.mark.parametrize(("libc", "lacking"), [("libc.a", ["libc6-dev"]), ("/usr/lib/libc.a", [])])
def test_a_compiler_without_the_static_c_library_is_not_enough(
    tmp_path: Path, libc: str, lacking: list[str]
) -> None:
    native: Architecture = "aarch64" if platform.machine() == "aarch64" else "x86_64"
    compiler = _compiler(tmp_path, "gcc", libc)

    tools = toolchain.missing(native, lambda command: compiler if command == "gcc" else "/bin/true")

    assert [tool.package for tool in tools] == lacking


def test_a_cross_compiler_needs_the_other_c_library(tmp_path: Path) -> None:
    other: Architecture = "x86_64" if platform.machine() == "aarch64" else "aarch64"
    compiler = _compiler(tmp_path, "gcc", "libc.a")

    tools = toolchain.missing(other, lambda _: compiler)

    assert [tool.package for tool in tools] == [
        f"libc6-dev-{ {'x86_64': 'amd64', 'aarch64': 'arm64'}[other] }-cross"
    ]
