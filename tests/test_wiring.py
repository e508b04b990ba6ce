import inspect
import threading
from importlib import import_module

import pytest

from chalicelib.aws.clients import Clients
from chalicelib.settings import Settings
from chalicelib.wiring import Library, build
from chalicelib.wiring.part import Part
from tests.conftest import FakeClock

PARTS = {name: part for name, part in vars(Library).items() if isinstance(part, Part)}


@pytest.mark.parametrize("name", PARTS)
def test_a_part_is_built_as_the_library_declares_it_and_once(
    settings: Settings, clients: Clients, clock: FakeClock, name: str
) -> None:
    builder = getattr(import_module(PARTS[name].module), name)
    assert Library.__annotations__[name] == f"Part[{inspect.signature(builder).return_annotation.__name__}]"
    library = build(settings, clients, clock)
    assert getattr(library, name) is getattr(library, name)


def test_threads_that_ask_at_once_get_the_same_part(
    settings: Settings, clients: Clients, clock: FakeClock
) -> None:
    library, got = build(settings, clients, clock), []
    together = threading.Barrier(8)

    def ask() -> None:
        together.wait()
        got.append(library.uploads)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == len(threads)
    assert {id(one.files) for one in got} == {id(library.files)}
