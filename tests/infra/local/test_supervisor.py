import io
import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local.supervisor import ChildKeepsDying, Patience, Service, Supervisor
from tests.infra.local.conftest import Eventually

ROOT = Path(__file__).parents[3]
QUICK = Patience(deaths=3, first_pause=0.01, longest_pause=0.05, grace=1.0)
FAKES = {
    "lives": """
        import os, signal, sys
        def leave(*_):
            print("leaving", flush=True)
            open("{folder}/left", "a").write(os.environ["NAME"] + " ")
            sys.exit(0)
        signal.signal(signal.SIGTERM, leave)
        print("hello from " + os.environ["NAME"], flush=True)
        open("{folder}/" + os.environ["NAME"] + ".pids", "a").write(str(os.getpid()) + " ")
        while True:
            signal.pause()
    """,
    "stubborn": """
        import os, signal
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        open("{folder}/" + os.environ["NAME"] + ".pids", "a").write(str(os.getpid()) + " ")
        while True:
            signal.pause()
    """,
    "breeds": """
        import os, signal, subprocess
        sleeper = subprocess.Popen(["sleep", "60"])
        open("{folder}/" + os.environ["NAME"] + ".pids", "a").write(str(sleeper.pid) + " ")
        signal.pause()
    """,
    "dies": "raise SystemExit('no such luck')",
    "supervises": """
        import os, pathlib, sys
        from infra.local.supervisor import Service, Supervisor
        supervisor = Supervisor(pathlib.Path("{folder}/logs"), sys.stdout)
        for module in ("lives", "stubborn", "breeds"):
            supervisor.start(Service(module, module, dict(os.environ) | dict(NAME=module)))
        supervisor.run()
    """,
}


class Stage:
    """A folder with fake modules and a supervisor over them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name, text in FAKES.items():
            (folder / f"{name}.py").write_text(textwrap.dedent(text.replace("{folder}", str(folder))))
        self.environment = {**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}"}
        self.terminal = io.StringIO()
        self.supervisor = Supervisor(folder / "logs", self.terminal, QUICK)

    def service(self, name: str, module: str = "lives", stage: int = 1, **more: str) -> Service:
        return Service(name, module, {**self.environment, "NAME": name, **more}, stage=stage)

    def pids(self, name: str) -> list[int]:
        path = self.folder / f"{name}.pids"
        return [int(pid) for pid in path.read_text().split()] if path.exists() else []

    def left(self) -> list[str]:
        path = self.folder / "left"
        return path.read_text().split() if path.exists() else []

    def run_in_background(self) -> None:
        threading.Thread(target=self.supervisor.run, daemon=True).start()


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


@pytest.fixture
def stopped_at_the_end(stage: Stage) -> Iterator[None]:
    yield
    stage.supervisor.stop()


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    status = Path(f"/proc/{pid}/stat")
    return (
        status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z"
    )  # dead, and nobody's child


@pytest.mark.usefixtures("stopped_at_the_end")
def test_a_child_that_is_killed_is_started_again(stage: Stage, eventually: Eventually) -> None:
    stage.supervisor.start(stage.service("api"))
    stage.run_in_background()
    eventually(lambda: len(stage.pids("api")) == 1, "not started")
    os.kill(stage.pids("api")[0], signal.SIGKILL)
    eventually(lambda: len(stage.pids("api")) == 2, "not started again")
    assert stage.supervisor.is_running("api")
    assert "ended with -9; starting again" in stage.terminal.getvalue()


@pytest.mark.usefixtures("stopped_at_the_end")
def test_a_child_that_dies_at_every_start_ends_the_whole_by_name(
    stage: Stage, eventually: Eventually
) -> None:
    stage.supervisor.start(stage.service("api"))
    stage.supervisor.start(stage.service("worker", "dies"))
    with pytest.raises(
        ChildKeepsDying, match=r"worker ended 3 times soon after its start: see .*worker\.log"
    ):
        stage.supervisor.run()
    assert (stage.folder / "logs" / "worker.log").read_text().count("no such luck") == 3
    eventually(lambda: stage.pids("api"), "the other child never ran")


@pytest.mark.usefixtures("stopped_at_the_end")
def test_output_goes_to_the_terminal_behind_the_name_and_to_a_file(
    stage: Stage, eventually: Eventually
) -> None:
    stage.supervisor.start(stage.service("api"))
    eventually(
        lambda: "api        | hello from api\n" in stage.terminal.getvalue(), "nothing on the terminal"
    )
    assert (stage.folder / "logs" / "api.log").read_text().endswith(" hello from api\n")


def test_a_stop_ends_every_child_in_order_and_hears_its_last_words(
    stage: Stage, eventually: Eventually
) -> None:
    stage.supervisor.start(stage.service("aws", stage=0))
    for name in ("api", "worker"):
        stage.supervisor.start(stage.service(name, stage=1))
    eventually(lambda: all(stage.pids(name) for name in ("aws", "api", "worker")), "not all started")
    stage.supervisor.stop()
    assert sorted(stage.left()[:2]) == ["api", "worker"]
    assert stage.left()[2:] == ["aws"]
    assert stage.terminal.getvalue().count("leaving") == 3


@pytest.mark.parametrize("module", ["stubborn", "breeds"])
def test_what_ignores_a_stop_and_what_children_started_is_killed(
    stage: Stage, eventually: Eventually, module: str
) -> None:
    stage.supervisor.start(stage.service("child", module))
    eventually(lambda: stage.pids("child"), "not started")
    stage.supervisor.stop()
    eventually(lambda: is_gone(stage.pids("child")[0]), "still there")


def test_a_kill_ends_every_child_at_once(stage: Stage, eventually: Eventually) -> None:
    stage.supervisor.start(stage.service("child", "stubborn"))
    eventually(lambda: stage.pids("child"), "not started")
    stage.supervisor.kill()
    assert is_gone(stage.pids("child")[0])
    stage.supervisor.stop()


@pytest.mark.usefixtures("stopped_at_the_end")
def test_a_renewed_service_runs_in_its_new_way_without_counting_as_a_death(
    stage: Stage, eventually: Eventually
) -> None:
    stage.supervisor.start(stage.service("worker"))
    stage.run_in_background()
    for number in range(4):  # more often than deaths are forgiven
        eventually(lambda: len(stage.pids(f"v{number}" if number else "worker")) == 1, "not started")  # noqa: B023 - called at once
        stage.supervisor.renew(stage.service("worker", NAME=f"v{number + 1}"))
    eventually(lambda: stage.pids("v4"), "not renewed")
    assert "ended with" not in stage.terminal.getvalue()


def test_children_end_when_their_supervisor_is_killed(stage: Stage, eventually: Eventually) -> None:
    command = [sys.executable, "-m", "supervises"]
    with subprocess.Popen(command, cwd=ROOT, env=stage.environment, stdout=subprocess.DEVNULL) as supervising:
        eventually(lambda: stage.pids("lives") and stage.pids("stubborn"), "not started")
        supervising.kill()
    eventually(lambda: stage.left() == ["lives"], "no orderly end")
    eventually(lambda: is_gone(stage.pids("stubborn")[0]), "the stubborn one is an orphan")
    for pid in stage.pids("breeds"):
        os.kill(pid, signal.SIGKILL)
