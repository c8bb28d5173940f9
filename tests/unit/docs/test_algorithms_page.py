"""The page on execution algorithms tells what they do: its tables are worked through."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.execution import PX, begun, filled, sliced, worked
from tests.factories import NOW_NS, px, qty

from trade2026.core.clock import NS_PER_S
from trade2026.core.numbers import NANOS, Px, Value, format_nanos, parse_nanos
from trade2026.domain.execution.algorithms import ALGOS, BY_NAME
from trade2026.domain.execution.report import report_of
from trade2026.edge.algo_request import AlgoOrderRequest, AlgoParams, read_algo
from trade2026.model.algo import AlgoName, AlgoStatus, Seen, VolumeCurve

PAGE = (Path(__file__).parents[3] / "docs" / "algorithms.md").read_text("utf-8")
CURVE = VolumeCurve(start_ns=NOW_NS, bucket_ns=20 * NS_PER_S, weights=(3, 1, 2))
TERMS: dict[AlgoName, dict[str, Any]] = {
    AlgoName.TWAP: {},
    AlgoName.VWAP: {"curve": CURVE},
    AlgoName.POV: {"rate_bps": 1_000},
    AlgoName.ICEBERG: {"price": PX, "display_qty": qty("0.25")},
    AlgoName.IMPLEMENTATION_SHORTFALL: {"urgency": 2 * NANOS},
}


def table(head: str) -> list[dict[str, str]]:
    """Return the rows of the table whose first column is called *head*."""
    lines = PAGE.splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith(f"| {head} |"))
    names, rows = _cells(lines[start]), list[dict[str, str]]()
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        rows.append(dict(zip(names, _cells(line), strict=True)))
    return rows


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


@pytest.mark.parametrize("name", AlgoName)
def test_an_algorithm_sends_what_the_page_shows(name: AlgoName) -> None:
    rows = table("second")
    volumes = {int(row["second"]): parse_nanos(row["market volume so far"]) for row in rows}

    _, sent = worked(begun(name=name, **TERMS[name]), volumes)

    at = dict(sent)
    shown = {int(row["second"]): row[name] for row in rows}
    assert {second: format_nanos(at.get(second, 0)) for second in volumes} == shown


def test_the_page_names_every_algorithm_with_its_benchmark_and_every_status() -> None:
    assert {row["name"]: row["benchmark"] for row in table("name")} == {
        one.name: one.benchmark for one in ALGOS
    }
    assert {row["status"] for row in table("status")} == set(AlgoStatus)


def test_the_page_names_every_parameter() -> None:
    named = " ".join(row["`params`"] for row in table("name"))

    assert {field for field in AlgoParams.__struct_fields__ if f"`{field}`" in named} == set(
        AlgoParams.__struct_fields__
    )


def test_the_request_of_the_page_is_one() -> None:
    body = PAGE.split("```json\n")[1].split("```")[0]

    request = read_algo(msgspec.json.decode(body, type=AlgoOrderRequest), "tess", "a", NOW_NS)

    assert (request.order_qty, request.end_ns - NOW_NS) == (qty("0.6"), 60 * NS_PER_S)


def test_the_slippages_of_the_page_are_those_of_the_report() -> None:
    arrival, twap, vwap = (px(row["price"]) for row in table("benchmark"))
    parent = filled(sliced(begun(), qty("0.6"), 0), 0, px("50100"))
    seen = Seen(
        volume_qty=qty("1"), value=Value(vwap * qty("1")), area=Value(twap), span_ns=1, mid_px=PX
    )

    report = report_of(parent, BY_NAME[AlgoName.TWAP], seen, NOW_NS)

    assert report.arrival_px == arrival == Px(PX)
    slippages = (report.arrival_slippage, report.twap_slippage, report.vwap_slippage)
    shown = [row["slippage"] for row in table("benchmark")]
    assert [format_nanos(one) for one in slippages if one is not None] == shown
