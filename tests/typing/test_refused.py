"""What the type checker must refuse, it refuses: an unchecked order cannot even be sent."""

import re
import subprocess
import sys
from pathlib import Path

import msgspec

import trade2026

SOURCE = Path(__file__).with_name("refused.txt")
MARK = re.compile(r"# refused: (\w+)")


class _Position(msgspec.Struct):
    line: int


class _Range(msgspec.Struct):
    start: _Position


class _Finding(msgspec.Struct):
    range: _Range
    rule: str = ""


class _Findings(msgspec.Struct, rename="camel"):
    general_diagnostics: list[_Finding]


def test_exactly_the_marked_lines_are_refused_by_the_named_rules(tmp_path: Path) -> None:
    lines = SOURCE.read_text("utf-8").splitlines()
    marked = {number: match[1] for number, line in enumerate(lines) if (match := MARK.search(line))}
    # Not a .py file here, or the checker would refuse it in the project as well.
    copy = tmp_path / "refused.py"
    copy.write_text("\n".join(lines), "utf-8")
    settings = {
        "typeCheckingMode": "strict",
        "pythonVersion": "3.11",
        "extraPaths": [str(Path(trade2026.__file__).parents[1])],
    }
    (tmp_path / "pyrightconfig.json").write_bytes(msgspec.json.encode(settings))

    python = sys.executable
    checker = [python, "-m", "basedpyright", "--outputjson", "--pythonpath", python]
    answer = subprocess.run(
        [*checker, "--project", str(tmp_path)], capture_output=True, check=False, cwd=tmp_path
    )

    found = msgspec.json.decode(answer.stdout, type=_Findings).general_diagnostics
    assert {f.range.start.line: f.rule for f in found} == marked
