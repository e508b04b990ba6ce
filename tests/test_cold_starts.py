"""What a start imports: in the cloud, each new process pays for it before its first answer."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EVENTS = "chalicelib.events."


def imported(module: str) -> set[str]:
    """Return the modules that a new process has when it has imported this one, with settings of nowhere."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MEDIATHEQUE_")}
    code = f"import sys, {module}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_a_start_of_the_api_imports_no_view_and_nothing_that_only_views_need() -> None:
    start = imported("app")
    assert "chalicelib.api.routing" in start
    views = {f"chalicelib.api.{view.split('.')[0]}" for view in __import__("app").VIEWS.values()}
    assert len(views) > 20
    heavy = {"PIL", "pypdf", "pydantic", "cryptography", "email_validator", "jwt", "multipart"}
    assert start & (views | heavy) == set()


@pytest.mark.parametrize("function", ["extraction", "media", "jobs", "sweep"])
def test_a_start_of_a_function_imports_no_other_function_and_nothing_of_the_api(function: str) -> None:
    others = {EVENTS + name for name in ("extraction", "jobs", "sweep")} - {EVENTS + function}
    if function == "media":
        others.remove(f"{EVENTS}extraction")  # whose work it does, in a lane of its own
    assert (
        imported(EVENTS + function) & ({"app", "chalice", "chalicelib.api", "PIL", "pypdf"} | others) == set()
    )


@pytest.mark.parametrize("function", ["extraction", "media", "jobs", "sweep"])
def test_a_start_imports_what_its_work_needs_with_the_work(function: str) -> None:
    heavy = {"pydantic", "cryptography", "jwt", "argon2", "chalicelib.files.service"}
    assert imported(EVENTS + function) & heavy == set()


def test_requests_that_are_the_first_ones_at_once_all_find_their_views() -> None:
    code = """
import random
from concurrent.futures import ThreadPoolExecutor
import app
from chalicelib.api.routing import route_of
asked = [*app.VIEWS] * 4
random.Random(7).shuffle(asked)
with ThreadPoolExecutor(16) as threads:
    print(sum(route.endpoint == endpoint for route, endpoint in zip(threads.map(route_of, asked), asked)) - len(asked))
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout == "0\n", done.stderr
