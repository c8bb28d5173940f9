"""`trade2026 risk dry-run`: which limits it reads, and how it tells what it found."""

from pathlib import Path

import msgspec
import pytest
from tests.factories import NOW_NS, an_order, qty

from trade2026.cli.risk import read_limits, show
from trade2026.core.errors import InvalidInputError
from trade2026.domain.risk.dry_run import Findings, PastOrder
from trade2026.edge.dry_run import told
from trade2026.model.risk import LimitValues, Refusal, RefusalCode

NO = Refusal(code=RefusalCode.ORDER_QTY_LIMIT, text="too large", asked="1", limit="0.5")
FOUND = Findings(
    orders=60,
    reproduced=60,
    would_refuse=tuple(
        PastOrder(order=an_order(), at_ns=NOW_NS, said=(), found=(NO,)) for _ in range(60)
    ),
    would_pass=(PastOrder(order=an_order(price=None), at_ns=NOW_NS, said=(NO,), found=()),),
    not_reproduced=(),
    unjudged=0,
    by_code={"ORDER_QTY_LIMIT": 60},
    refused=60,
    passed=1,
)


@pytest.mark.parametrize("is_list", [False, True])
def test_limits_are_bodies_of_the_route_and_exact(tmp_path: Path, *, is_list: bool) -> None:
    body = '{"scope": "account:a", "max_order_quantity": 0.1, "max_orders_per_s": 5}'
    file = tmp_path / "limits.json"
    file.write_text(f"[{body}]" if is_list else body, "utf-8")

    limits = read_limits(file)

    assert limits == {"account:a": LimitValues(max_order_qty=qty("0.1"), max_orders_per_s=5)}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "[",
        '{"scope": "global"}',
        '{"scope": "default", "most": 1}',
        '{"scope": "nobody"}',
    ],
)
def test_a_file_that_is_no_limits_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "limits.json"
    file.write_text(text, "utf-8")

    with pytest.raises(InvalidInputError):
        read_limits(file)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="No such file"):
        read_limits(tmp_path / "nothing.json")


def test_json_tells_everything_and_how_it_was_judged() -> None:
    text = msgspec.json.decode(msgspec.json.encode(told(FOUND)))

    assert len(text["would_refuse"]) == 60
    assert text["would_refuse"][0]["found"][0]["limit"] == "0.5"
    assert text["would_pass"][0]["price"] is None
    assert "real course of events" in text["how"]


def test_the_screen_tells_the_first_of_many(capsys: pytest.CaptureFixture[str]) -> None:
    show(FOUND)

    told_text = capsys.readouterr().out
    assert "would have been refused: 60" in told_text
    assert "and 10 more" in told_text
    assert "real course of events" in told_text
