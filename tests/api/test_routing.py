import pkgutil
import subprocess
import sys
from importlib import import_module

import pytest

import app
from chalicelib import api
from chalicelib.api.endpoint import DECLARED, Routes, Who
from chalicelib.api.request import Call
from chalicelib.api.routing import every_route


def test_the_table_of_contents_and_the_declarations_beside_the_views_are_the_same() -> None:
    for module in pkgutil.iter_modules(api.__path__, f"{api.__name__}."):
        import_module(module.name)
    declared = {endpoint: route.name for endpoint, route in DECLARED.items()}
    lacking = [f'"{endpoint}": "{view}",' for endpoint, view in declared.items() if endpoint not in app.VIEWS]
    assert not lacking, f"Add to VIEWS in app.py, where the resource stands: {' '.join(lacking)}"
    astray = [
        f'"{endpoint}": "{view}"' for endpoint, view in app.VIEWS.items() if declared.get(endpoint) != view
    ]
    assert not astray, (
        f"No such view declares the route; mend VIEWS in app.py, or declare: {', '.join(astray)}"
    )
    assert [route.endpoint for route in every_route()] == list(app.VIEWS)


def test_a_route_is_declared_once() -> None:
    def ping(call: Call) -> None: ...

    with pytest.raises(ValueError, match=r"GET /ping is declared twice: by service\.ping and ping"):
        Routes("Service")("GET /ping", who=Who.ANYONE, summary="Again")(ping)


def test_a_row_of_the_table_that_no_view_declares_says_so_when_it_is_called() -> None:
    code = """
from chalice.app import Chalice
from chalicelib.api.routing import register, route_of
small = Chalice("small")
small.experimental_feature_flags.add("BLUEPRINTS")
register(small, {"GET /ping": "service.pong"})
route_of("GET /ping")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    said = 'app.py says that service.pong declares @route("GET /ping"), but it does not.'
    assert done.stderr.strip().endswith(said)
