"""The end of a log tells what happened, in a line that fits."""

from pathlib import Path

import msgspec
import pytest

from trade2026.adapters.infra.log_file import WORDS_MAX, last_words, tail


def _log(tmp_path: Path, *lines: object) -> Path:
    path = tmp_path / "child.log"
    texts = [
        line if isinstance(line, str) else msgspec.json.encode(line).decode() for line in lines
    ]
    path.write_text("\n".join(texts) + "\n")
    return path


def test_without_a_log_there_are_no_words(tmp_path: Path) -> None:
    assert last_words(tmp_path / "none") == ""
    assert tail(tmp_path / "none", 3) == ""
    assert last_words(_log(tmp_path)) == ""


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("FATAL: cannot listen", "FATAL: cannot listen"),
        ("{not json", "{not json"),
        ({"event": "cannot start", "reason": "no bus"}, "no bus"),
        ({"event": "crashed", "exception": "Traceback:\n  line\nKeyError: 'x'"}, "KeyError: 'x'"),
        ({"event": "stopped"}, "stopped"),
    ],
)
def test_the_last_words_are_the_reason_or_the_error(
    tmp_path: Path, line: object, words: str
) -> None:
    assert last_words(_log(tmp_path, "before", line)) == words


def test_the_last_words_fit_in_a_line(tmp_path: Path) -> None:
    assert len(last_words(_log(tmp_path, "x" * 10_000))) == WORDS_MAX


def test_a_tail_shows_json_in_short_and_other_lines_as_they_are(tmp_path: Path) -> None:
    path = _log(
        tmp_path,
        "gone",
        "plain",
        {"service": "oms", "event": "crashed", "level": "critical", "ts": "T", "exception": "a\nb"},
    )

    assert tail(path, 2) == "plain\nT critical crashed service=oms\na\nb"
