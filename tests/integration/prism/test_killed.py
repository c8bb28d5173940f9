"""PRISM is killed again and again while its log is cut: what it acknowledged stays, once."""

import asyncio
import sys
from asyncio.subprocess import PIPE
from collections import Counter
from pathlib import Path

import pytest
import structlog
from tests.contract.bus.worlds import PASSWORD, USER
from tests.integration.bus.conftest import Site
from tests.prism import a_house, check_floor

from trade2026.core.clock import SystemClock
from trade2026.core.numbers import NANOS
from trade2026.model.execution import ExecType, ExecutionReport
from trade2026.model.prism import PrismInput
from trade2026.model.subjects import EXEC_REPORT, PRISM_CONTROL, Stream
from trade2026.ports.bus import Bus, Delivery
from trade2026.prism.archive import Archive
from trade2026.prism.floor import Floor
from trade2026.prism.venue import Venue

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[3]
LIVES = 6
ENDS = {ExecType.CANCELED, ExecType.REJECTED, ExecType.EXPIRED}


async def _life(site: Site, folder: Path, seed: int, *, lines: int) -> list[list[str]]:
    """Let PRISM run until it has acknowledged so much, kill it, and return all it said."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.integration.prism.mortal", site.server.url, USER, PASSWORD),
        *(str(folder), str(seed)),
        stdout=PIPE,
        cwd=ROOT,
        env={"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"},
    )
    assert process.stdout is not None
    said: list[list[str]] = []
    try:
        async with asyncio.timeout(120):
            while len(said) < lines:
                line = await process.stdout.readline()
                assert line, "PRISM ended by itself"
                said.append(line.decode().split())
    finally:
        if process.returncode is None:
            process.kill()
        rest = await process.stdout.read()
        await process.wait()
    # The last line may be cut off.
    return said + [line.split() for line in rest.decode().splitlines(keepends=True) if "\n" in line]


async def _reports(bus: Bus) -> list[ExecutionReport]:
    found: list[ExecutionReport] = []

    async def on_report(report: ExecutionReport, _: Delivery) -> None:
        found.append(report)

    await (await bus.fold(EXEC_REPORT, on_report)).stop()
    return found


async def _controls(bus: Bus) -> list[PrismInput]:
    found: list[PrismInput] = []

    async def on_control(message: PrismInput, _: Delivery) -> None:
        found.append(message)

    await (await bus.fold(PRISM_CONTROL, on_control)).stop()
    return found


async def test_what_was_acknowledged_outlives_every_kill_and_every_cut(
    site: Site, tmp_path: Path
) -> None:
    said: list[list[str]] = []
    cuts: list[int] = []
    bus = await site.bus()
    for life in range(LIVES):
        # Long enough for cuts, and dying in the middle of anything.
        said += await _life(site, tmp_path, life, lines=1_200 + 171 * life)
        cuts.append((await bus.stream_state(Stream.PRISM_INPUT)).first_seq)

    log = structlog.get_logger()
    archive = Archive(tmp_path / "prism", log)
    venue = Venue(bus=bus, clock=SystemClock(), log=log, house=a_house(), archive=archive)
    await venue.open()
    reports, controls = await _reports(bus), await _controls(bus)

    assert cuts == sorted(cuts)
    assert cuts[-1] > 1_000
    _check_reports(reports)
    _check_holdings(venue.floor, reports)
    check_floor(venue.floor)
    _check_answers(said, reports)
    # The newest control that was acknowledged, or one that was stored and not answered, holds.
    told = [words for words in said if words[0] == "control"]
    stored = [message.input_id for message in controls]
    newest = controls[-1].control
    assert newest is not None
    assert newest.params is not None
    assert venue.controls.params == (newest.params,)
    assert told[-1][1] in stored
    assert stored.index(told[-1][1]) >= len(stored) - 5  # type: ignore[arg-type]


def _check_reports(reports: list[ExecutionReport]) -> None:
    """Assert that they are numbered without a gap, named once, and tell of each order's course."""
    assert sorted(r.report_seq for r in reports) == list(range(1, len(reports) + 1))
    assert len({r.exec_id for r in reports}) == len(reports)
    venue_ids: dict[str, str] = {}
    cum: Counter[str] = Counter()
    ended: set[str] = set()
    for report in sorted(reports, key=lambda r: r.report_seq):
        # Empty for an order that was in the log and never came to the market.
        if report.venue_order_id:
            assert venue_ids.setdefault(report.venue_order_id, report.order_id) == report.order_id
        if report.exec_type in {ExecType.CANCEL_REJECTED, ExecType.REPLACE_REJECTED}:
            continue
        assert report.order_id not in ended
        cum[report.order_id] += report.last_qty
        assert report.cum_qty == cum[report.order_id]
        if report.exec_type in ENDS or (
            report.exec_type is ExecType.TRADE and not report.leaves_qty
        ):
            ended.add(report.order_id)
    assert ended == {r.order_id for r in reports}


def _check_holdings(floor: Floor, reports: list[ExecutionReport]) -> None:
    cash, inventory = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for report in reports:
        key = (f"account:{report.account}", report.symbol)
        signed = report.side.sign * report.last_qty
        inventory[key] += signed
        cash[key] -= signed * report.last_px + report.fee * NANOS
    assert inventory
    for party, symbol in inventory:
        assert floor.holdings.inventory(party, symbol) == inventory[party, symbol]
        assert floor.holdings.cash(party, symbol) == cash[party, symbol]


def _check_answers(said: list[list[str]], reports: list[ExecutionReport]) -> None:
    """Assert that whatever was acknowledged has its report, and only one of its kind."""
    first = Counter(
        str(r.order_id) for r in reports if r.exec_type in {ExecType.NEW, ExecType.REJECTED}
    )
    changes = Counter[tuple[str, str]]((r.order_id, r.replace_id) for r in reports if r.replace_id)
    kinds = Counter(words[0] for words in said)
    assert min(kinds[what] for what in ("order", "stop", "replace", "cancel", "control")) > 50
    for what, name, *rest in said:
        if what in {"order", "stop"}:
            assert first[name] == 1, name
        elif what == "replace":
            assert changes[name, rest[0]] == 1, (name, rest)
