"""The shape of the house: who imports whom, no cycles, small rooms, public names with a text."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import grimp
import pytest
from importlinter.cli import lint_imports

ROOT = Path(__file__).parent.parent
MODULES = sorted((ROOT / "collectors").rglob("*.py"))
LONGEST_MODULE = 400
LONGEST_FUNCTION = 50


def test_imports_go_downward_and_sources_import_the_contract_only():
    assert lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True) == 0


def test_no_module_imports_itself_in_a_ring():
    graph = grimp.build_graph("collectors", cache_dir=None)
    imports = {
        module: graph.find_modules_directly_imported_by(module) & graph.modules
        for module in graph.modules
    }

    assert list(TopologicalSorter(imports).static_order())


def test_only_the_ticker_may_import_apscheduler_and_only_the_engine_celery():
    ticker = ROOT / "collectors/schedule/ticker.py"
    for path in MODULES:
        for name in imported(path):
            assert not name.startswith("apscheduler") or path == ticker, path
            assert not name.startswith("celery") or "engine" in path.parts, path


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_rooms_are_small_and_every_public_name_has_a_text(path):
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)

    assert text.count("\n") <= LONGEST_MODULE
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            assert node.end_lineno - node.lineno < LONGEST_FUNCTION, node.name
    if "migrations" in path.parts:
        return
    assert ast.get_docstring(tree), "the module has no docstring"
    for node in public_names(tree):
        assert ast.get_docstring(node), f"{node.name} has no docstring"


def public_names(tree):
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from public_names(node)


def imported(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
