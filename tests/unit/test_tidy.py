"""Rules about the code itself, checked like any other behaviour."""

import ast
import subprocess
from pathlib import Path

import pytest

from trade2026.adapters import venues
from trade2026.domain.execution import algorithms
from trade2026.domain.risk import checks
from trade2026.prism import agents

ROOT = Path(__file__).parents[2]
SRC = ROOT / "src" / "trade2026"
FILES = sorted(SRC.rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
LINES_MAX = 400
FUNCTION_LINES_MAX = 60
VAGUE = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "base_service"}
VAGUE_CLASS_ENDINGS = ("Manager", "Processor", "Helper", "Util", "Utils")
RUNNER = SRC / "shell" / "runner.py"


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", FILES, ids=_name)
def test_a_file_is_short_named_and_introduced(path: Path) -> None:
    text = path.read_text("utf-8")
    tree = ast.parse(text)
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    classes = [n.name for n in ast.walk(tree) if isinstance(n, ast.ClassDef)]

    assert len(text.splitlines()) <= LINES_MAX
    assert path.stem not in VAGUE
    assert ast.get_docstring(tree)
    assert [f.name for f in functions if (f.end_lineno or 0) - f.lineno >= FUNCTION_LINES_MAX] == []
    assert [c for c in classes if c.endswith(VAGUE_CLASS_ENDINGS)] == []


@pytest.mark.parametrize("path", TESTS, ids=_name)
def test_a_test_file_is_introduced_and_named(path: Path) -> None:
    assert path.stem not in VAGUE
    assert ast.get_docstring(ast.parse(path.read_text("utf-8")))


@pytest.mark.parametrize("path", FILES, ids=_name)
def test_every_error_is_caught_only_by_the_runner(path: Path) -> None:
    handlers = [
        node.lineno
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or ast.unparse(node.type) in {"Exception", "BaseException"})
    ]

    assert path == RUNNER or handlers == []


@pytest.mark.parametrize(
    ("folder", "registered"),
    [
        (Path(checks.__file__).parent, {c.__module__ for c in checks.RISK_CHECKS}),
        (
            Path(algorithms.__file__).parent,
            {one.target.__module__ for one in algorithms.ALGOS},
        ),
        (Path(venues.__file__).parent, {v.__module__ for v in venues.VENUES}),
        (Path(agents.__file__).parent, {a.kernel_module for a in agents.AGENT_TYPES}),
    ],
    ids=["risk checks", "algorithms", "venues", "agent types"],
)
def test_what_lies_in_a_folder_is_in_its_tuple(folder: Path, registered: set[str]) -> None:
    files = {path.stem for path in folder.glob("*.py")} - {"__init__"}

    assert {module.rpartition(".")[2] for module in registered} == files


def test_no_address_of_a_registry_and_no_binary_is_committed() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True
    ).stdout.split("\0")
    files = [ROOT / name for name in listed if name and (ROOT / name).is_file()]

    binaries = [_name(f) for f in files if b"\0" in f.read_bytes() and f.suffix != ".png"]

    assert binaries == []
