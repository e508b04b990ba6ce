"""The programs that the layer's build needs, and how a machine without them gets them.

As root on Debian or Ubuntu they are installed from the distribution. Elsewhere meson and ninja come from PyPI
into an environment of the build's own; for the rest, one sentence names what is missing.
"""

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from layers.ffprobe.recipe import Architecture, LayerUnavailable

_FROM_PYPI = {"meson": "meson==1.5.1", "ninja": "ninja==1.11.1.3"}
_PREFIX: dict[Architecture, str] = {"x86_64": "x86-64-linux-gnu", "aarch64": "aarch64-linux-gnu"}
_LIBC: dict[Architecture, str] = {"x86_64": "amd64", "aarch64": "arm64"}

Find = Callable[[str], str | None]


class ToolsMissing(LayerUnavailable):
    """The machine lacks programs that the build needs, and they cannot be installed from here."""


@dataclass(frozen=True)
class Tool:
    """A program and the Debian package that has it."""

    command: str
    package: str


@dataclass(frozen=True)
class Installer:
    """What this machine lets us do about missing tools."""

    apt: bool
    environment: Path  # of the build's own, for what PyPI has

    @classmethod
    def here(cls, environment: Path) -> "Installer":
        """Look whether apt can install: we are root, and it is there."""
        return cls(apt=os.geteuid() == 0 and shutil.which("apt-get") is not None, environment=environment)


def needed(architecture: Architecture) -> tuple[Tool, ...]:
    """List what a build for an architecture needs on this machine."""
    plain = ("gcc", "make", "meson", "pkg-config", "patch", "zip")
    tools = [
        *(Tool(command, command) for command in plain),
        Tool("ninja", "ninja-build"),
        Tool("xz", "xz-utils"),
    ]
    if architecture == "x86_64":
        tools.append(Tool("nasm", "nasm"))
    if architecture != platform.machine():
        tools.append(Tool(f"{_PREFIX[architecture]}-gcc", f"gcc-{_PREFIX[architecture]}"))
    return tuple(tools)


def find_on(path: str) -> Find:
    """Look programs up in a search path."""
    return lambda command: shutil.which(command, path=path)


def missing(architecture: Architecture, find: Find) -> tuple[Tool, ...]:
    """List what is needed and not found, the C library's static half included."""
    tools = [tool for tool in needed(architecture) if not find(tool.command)]
    native = architecture == platform.machine()
    compiler = find("gcc" if native else f"{_PREFIX[architecture]}-gcc")
    if compiler and not _has_static_libc(compiler):
        libc = "libc6-dev" if native else f"libc6-dev-{_LIBC[architecture]}-cross"
        tools.append(Tool("libc.a", libc))
    return tuple(tools)


def _has_static_libc(compiler: str) -> bool:
    command = [compiler, "-print-file-name=libc.a"]
    found = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - the compiler found
    return Path(found.stdout.strip()).is_absolute()  # gcc echoes the bare name of what it does not have


def ensure(architecture: Architecture, installer: Installer, path: str, say: Callable[[str], None]) -> str:
    """Return the search path with which the build finds all its tools; raises ToolsMissing."""
    path = f"{installer.environment / 'bin'}{os.pathsep}{path}"
    find = find_on(path)
    if installer.apt:
        _by_apt(architecture, find, say)
    if _all_from_pypi(missing(architecture, find)):
        _by_pip(missing(architecture, find), installer, say)
    if lacking := missing(architecture, find):
        raise ToolsMissing(_advice(lacking))
    return path


def _all_from_pypi(tools: Sequence[Tool]) -> bool:
    return all(tool.command in _FROM_PYPI for tool in tools)


def _advice(lacking: Sequence[Tool]) -> str:
    commands = ", ".join(tool.command for tool in lacking)
    packages = " ".join(tool.package for tool in lacking)
    return f"The media layer's build lacks {commands}. On Debian or Ubuntu: apt-get install {packages}"


def _by_apt(architecture: Architecture, find: Find, say: Callable[[str], None]) -> None:
    # Twice: whether the C library's static half is there shows only once the compiler is.
    for _ in range(2):
        if packages := [tool.package for tool in missing(architecture, find)]:
            say(f"Installing the build's tools: {' '.join(packages)}")
            if not _apt_get("install", "--no-install-recommends", *packages):
                _apt_get("update")
                _apt_get("install", "--no-install-recommends", *packages)


def _apt_get(*arguments: str) -> bool:
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    patience = ["-o", "DPkg::Lock::Timeout=60", "-o", "Acquire::http::Timeout=15", "-o", "Acquire::Retries=1"]
    command = ["apt-get", "-q", "-y", *patience, *arguments]
    # A session of its own: stopping the build must not stop dpkg half-way.
    done = subprocess.run(command, env=environment, capture_output=True, check=False, start_new_session=True)  # noqa: S603 - fixed program
    return done.returncode == 0


def _by_pip(tools: Sequence[Tool], installer: Installer, say: Callable[[str], None]) -> None:
    if not tools:
        return
    say(f"Installing for the build alone: {' '.join(tool.command for tool in tools)}")
    pip = [
        str(installer.environment / "bin" / "python"),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--timeout=15",
        "--retries=1",
    ]
    wanted = [_FROM_PYPI[tool.command] for tool in tools]
    for command in ([sys.executable, "-m", "venv", str(installer.environment)], [*pip, *wanted]):
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - fixed programs
        if done.returncode:
            say((done.stderr.strip().splitlines() or [f"{command[2]} failed"])[-1])
            return
