"""The shape of the code, as far as a program can see it."""

import ast
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("chalicelib", "infra", "layers", "bench", "client")
SOURCES = [ROOT / "app.py", *sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))]
MAX_FUNCTION_LINES = 40
MAX_MODULE_LINES = 300
MAX_APP_LINES = 160


def lines_of(path: Path) -> int:
    return len(path.read_text().splitlines())


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_and_its_functions_can_be_read_in_one_go(path: Path) -> None:
    assert lines_of(path) <= MAX_MODULE_LINES
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            assert length <= MAX_FUNCTION_LINES, f"{node.name} has {length} lines"


def test_the_app_reads_as_a_table_of_contents() -> None:
    assert lines_of(ROOT / "app.py") <= MAX_APP_LINES


def test_a_store_is_known_to_its_own_domain_and_to_the_wiring_only() -> None:
    graph = grimp.build_graph("chalicelib")
    stores = [module for module in graph.modules if module.endswith(".store")]
    assert len(stores) > 5
    for store in stores:
        domain = store.rsplit(".", 1)[0]
        outsiders = {
            importer
            for importer in graph.find_modules_that_directly_import(store)
            if not importer.startswith(f"{domain}.") and not importer.startswith("chalicelib.wiring")
        }
        assert not outsiders, f"{store} is imported by {outsiders}"


def test_no_file_names_what_is_outside_the_repository() -> None:
    forbidden = ("/wo" + "rk/", "../sha" + "red", "pypi." + "org", "registry." + "npmjs", "deb.deb" + "ian")
    for path in ROOT.rglob("*"):
        if path.is_file() and path.suffix in {".py", ".md", ".sh", ".yaml", ".yml", ".toml", ".txt"}:
            if any(part.startswith(".") for part in path.relative_to(ROOT).parts):
                continue
            text = path.read_text(errors="replace")
            assert not [word for word in forbidden if word in text], path
