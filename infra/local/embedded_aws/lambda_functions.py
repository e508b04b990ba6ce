"""Lambda functions that run as in the cloud: their own zip and layers, and nothing else of this machine.

As shipped, MiniStack runs a function with the server's own Python, whose packages hide what a zip lacks, and
unpacks zips without the modes and symbolic links that Lambda keeps, so no program of a layer could run.
"""

import os
import stat
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from .emulator import Module


class _FaithfulZip(zipfile.ZipFile):
    """Unpacks modes and symbolic links too."""

    def extractall(self, path: Any = None, members: Any = None, pwd: Any = None) -> None:
        super().extractall(path, members, pwd)
        for info in self.infolist():
            unpacked, mode = Path(path or ".") / info.filename, info.external_attr >> 16
            if stat.S_ISLNK(mode):
                unpacked.unlink()
                unpacked.symlink_to(os.fsdecode(self.read(info)))
            elif stat.S_ISREG(mode):
                unpacked.chmod(stat.S_IMODE(mode))


def install_runtime(runtime: Module, python: str) -> None:
    """Let `python`, a program, run every Python function of `ministack.core.lambda_runtime`."""
    detect = runtime._detect_runtime_binary

    def binary_and_script(name: str) -> tuple[str, str]:
        binary, script = detect(name)
        return (python if name.startswith("python") else binary), script

    runtime._detect_runtime_binary = binary_and_script
    runtime.zipfile = SimpleNamespace(
        ZipFile=_FaithfulZip, BadZipFile=zipfile.BadZipFile, LargeFileError=zipfile.LargeZipFile
    )
