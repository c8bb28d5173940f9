"""PRISM is killed at random while it trades: its log has every second and fill of a life once."""

import asyncio
import os
import sys
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import pytest
from tests.integration.lake.site import ROOT, Site

from trade2026.adapters.bus.streams import migrate_streams
from trade2026.core.chance import stream
from trade2026.core.clock import NS_PER_S
from trade2026.model.measure import FillBatch, MarketSpan, SpanBatch
from trade2026.model.prism import PrismFill
from trade2026.model.subjects import PRISM_FILL, PRISM_SPAN, Stream
from trade2026.ports.bus import Delivery
from trade2026.shell.secrets import BUS_SECRET, BUS_USER

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

LIVES = 4
EVENTS_OF_A_LIFE = 80
PATIENCE_S = 120


async def live_and_die(site: Site, after_s: float) -> None:
    """Let PRISM tell some seconds of its market, and kill it *after_s* later."""
    argv = ["-m", "trade2026", "run", "PRISM", "--data-dir", str(site.data_dir)]
    argv += ["--port-offset", str(site.addresses.port_offset)]
    environment = {"PYTHONPATH": str(ROOT / "src"), "PATH": os.defpath}
    bus = await site.bus()
    with (site.data_dir / "prism.log").open("ab") as log:
        prism = await asyncio.create_subprocess_exec(
            sys.executable, *argv, stdout=log, stderr=log, env=environment
        )
    wanted = await bus.last_seq(Stream.PRISM_TAPE) + EVENTS_OF_A_LIFE
    try:
        async with asyncio.timeout(PATIENCE_S):
            while await bus.last_seq(Stream.PRISM_TAPE) < wanted:
                assert prism.returncode is None, (site.data_dir / "prism.log").read_text()[-2000:]
                await asyncio.sleep(0.02)
        await asyncio.sleep(after_s)
    finally:
        prism.kill()
        await prism.wait()
        await bus.close()


async def test_no_second_and_no_fill_of_a_life_is_told_twice_or_left_out(tmp_path: Path) -> None:
    spans: defaultdict[tuple[int, str], list[MarketSpan]] = defaultdict(list)
    fills: defaultdict[tuple[int, str], list[PrismFill]] = defaultdict(list)

    async def on_spans(batch: SpanBatch, _: Delivery) -> None:
        spans[batch.life, batch.symbol] += batch.records

    async def on_fills(batch: FillBatch, _: Delivery) -> None:
        fills[batch.life, batch.symbol] += batch.records

    chance = stream(2026, "kills of PRISM")
    site = Site(tmp_path / "data")
    try:
        await site.nats.start()
        await migrate_streams(site.nats.url, BUS_USER, site.secrets.get(BUS_SECRET))
        for _ in range(LIVES):
            await live_and_die(site, chance.uniform(0, 0.5))
        bus = await site.bus()
        await (await bus.fold(PRISM_SPAN, on_spans)).stop()
        await (await bus.fold(PRISM_FILL, on_fills)).stop()
        await bus.close()
    finally:
        await site.nats.stop()

    assert {life for life, _ in spans} == set(range(LIVES))
    for key, told in spans.items():
        assert all(one.end_ns == other.begin_ns for one, other in pairwise(told))
        assert all(span.end_ns % NS_PER_S == 0 for span in told)
        seqs = [fill.seq for fill in fills[key]]
        assert seqs == sorted(set(seqs))
        # Of the seconds that are told, the fills are as well.
        inside = [fill for fill in fills[key] if fill.ts_event_ns < told[-1].end_ns]
        assert len(inside) == sum(span.trades for span in told)
        volume = sum(span.buy_qty + span.sell_qty for span in told)
        assert sum(fill.qty for fill in inside) == volume
