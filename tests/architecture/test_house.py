"""The house rules that a machine can hold us to."""

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "datafly"
MODULES = sorted(SOURCE.rglob("*.py"))
MODULE_LINES = 400
FUNCTION_LINES = 40


def name_of(path: Path) -> str:
    return str(path.relative_to(SOURCE))


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_is_under_its_ceiling(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MODULE_LINES


def test_functions_are_under_their_ceiling():
    long = [
        f"{name_of(path)}:{node.lineno} {node.name}"
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or node.lineno) - node.lineno >= FUNCTION_LINES
    ]
    assert long == []


def test_no_room_is_called_utils_or_helpers():
    banned = {"utils", "util", "helpers", "helper", "common", "misc", "manager"}
    assert [name_of(path) for path in MODULES if {path.stem, *path.relative_to(SOURCE).parts[:-1]} & banned] == []


def test_a_vendor_is_named_in_its_own_rooms_only():
    vendors = [folder.name for folder in (SOURCE / "integrations").iterdir() if (folder / "__init__.py").is_file()]
    homes = tuple(SOURCE / home for home in ("integrations", "sandbox", "testing", "catalog/waivers.py"))
    named = [
        f"{name_of(path)} names {vendor}"
        for path in MODULES
        for vendor in vendors
        if not any(path.is_relative_to(home) for home in homes) and vendor in _code(path).lower()
    ]
    assert named == []


@cache
def _code(path: Path) -> str:
    """The source without docstrings and comments: words about a vendor are allowed, code that knows one is not."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            kept = [one for one in body if not (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant))]
            node.body = kept or [ast.Pass()]
    return ast.unparse(tree)


def test_the_environment_is_read_at_the_command_line_alone():
    readers = [name_of(path) for path in MODULES if "os.environ" in _code(path) or "getenv" in _code(path)]
    assert all(name.startswith("cli/") for name in readers), readers


def test_nothing_is_left_to_do_without_an_issue():
    marks = ("TODO", "FIXME", "XXX")
    left = [name_of(path) for path in MODULES if any(mark in path.read_text(encoding="utf-8") for mark in marks)]
    assert left == []


def test_code_only_looks_down():
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout
