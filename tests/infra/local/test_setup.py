import shutil
import stat
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
REQUIREMENTS = (
    "constraints.txt",
    "requirements.txt",
    "requirements-dev.txt",
    "layers/imaging/requirements.txt",
    "layers/signing/requirements.txt",
    "infra/local/requirements.txt",
    "infra/local/setup.sh",
)
# Stands for every Python: says its version is right, makes a "virtual environment" of itself, notes what pip is told.
FAKE_PYTHON = """#!/bin/sh
case "$*" in
*"-m venv"*) mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
*"-m pip"*) echo "$*" >>calls; exit ${PIP_STATUS:-0} ;;
--version) echo "Python 3.13.9" ;;
esac
"""
WITHOUT_VENV = """#!/bin/sh
case "$*" in *ensurepip*) exit 1 ;; *print*) echo python3.13-venv ;; esac
"""
TOOLS = ("sh", "cat", "cksum", "dirname", "mkdir", "cp")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what the set-up reads, and a PATH with the fake Python and little else."""
    for name in REQUIREMENTS:
        target = tmp_path / "checkout" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, target)
    tools = tmp_path / "bin"
    tools.mkdir()
    for tool in TOOLS:
        (tools / tool).symlink_to(str(shutil.which(tool)))
    write_program(tools / "python3.13", FAKE_PYTHON)
    write_program(tools / "id", "#!/bin/sh\necho ${FAKE_UID:-1000}\n")
    return tmp_path / "checkout"


def write_program(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IEXEC)


def set_up(checkout: Path, what: str, **environment: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": str(checkout.parent / "bin"), "HOME": str(checkout), **environment}
    command = ["sh", "infra/local/setup.sh", what]
    return subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True, check=False)


def calls(checkout: Path) -> list[str]:
    noted = checkout / "calls"
    return noted.read_text().splitlines() if noted.exists() else []


def test_the_first_set_up_installs_pinned_packages_and_the_second_calls_pip_no_more(checkout: Path) -> None:
    assert set_up(checkout, "run").returncode == 0
    (call,) = calls(checkout)
    assert call.endswith("--requirement infra/local/requirements.txt --constraint constraints.txt")
    again = set_up(checkout, "run")
    assert (again.returncode, again.stdout, len(calls(checkout))) == (0, "", 1)


def test_changed_requirements_are_installed(checkout: Path) -> None:
    set_up(checkout, "run")
    with (checkout / "requirements.txt").open("a") as file:
        file.write("# one more\n")
    assert set_up(checkout, "run").returncode == 0
    assert len(calls(checkout)) == 2


def test_what_tests_need_includes_what_running_needs_and_not_the_other_way_round(checkout: Path) -> None:
    set_up(checkout, "run")
    set_up(checkout, "dev")
    set_up(checkout, "run")
    assert [call.split()[-3] for call in calls(checkout)] == [
        "infra/local/requirements.txt",
        "requirements-dev.txt",
    ]


def test_a_failed_installation_says_so_and_is_tried_again(checkout: Path) -> None:
    failed = set_up(checkout, "run", PIP_STATUS="1")
    assert failed.returncode == 1
    assert failed.stderr == "The packages could not be installed: pip's reason stands above.\n"
    assert set_up(checkout, "run").returncode == 0
    assert len(calls(checkout)) == 2


def test_a_broken_virtual_environment_is_made_anew(checkout: Path) -> None:
    set_up(checkout, "run")
    write_program(checkout / ".venv/bin/python", "#!/bin/sh\nexit 1\n")
    assert set_up(checkout, "run").returncode == 0
    assert len(calls(checkout)) == 2


def test_without_a_new_enough_python_one_line_says_what_to_install(checkout: Path) -> None:
    write_program(checkout.parent / "bin" / "python3.13", "#!/bin/sh\nexit 1\n")
    refused = set_up(checkout, "run")
    assert refused.returncode == 1
    assert refused.stderr.startswith("Python 3.12 or 3.13 is needed and not found")
    assert refused.stderr.count("\n") == 1


def test_without_the_venv_module_one_line_says_what_to_install(checkout: Path) -> None:
    write_program(checkout.parent / "bin" / "python3.13", WITHOUT_VENV)
    refused = set_up(checkout, "run")
    assert refused.stderr == "Python's venv module is missing: run 'sudo apt install python3.13-venv'.\n"


def test_root_on_debian_gets_the_venv_module_installed(checkout: Path) -> None:
    write_program(checkout.parent / "bin" / "python3.13", WITHOUT_VENV)
    write_program(checkout.parent / "bin" / "apt-get", '#!/bin/sh\necho "apt-get $*" >>calls\n')
    set_up(checkout, "run", FAKE_UID="0")
    assert calls(checkout)[0] == "apt-get install -y -q python3.13-venv"


def test_a_python_of_pyenv_is_found_although_it_is_not_on_the_path(checkout: Path) -> None:
    (checkout.parent / "bin" / "python3.13").unlink()
    home = checkout.parent / "home" / ".pyenv/versions/3.12.9/bin"
    home.mkdir(parents=True)
    write_program(home / "python3", FAKE_PYTHON)
    assert set_up(checkout, "run", HOME=str(checkout.parent / "home")).returncode == 0
