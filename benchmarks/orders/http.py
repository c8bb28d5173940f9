"""Orders over HTTP on a whole platform: how soon, how many a second, and whether all are there.

The platform is one of its own, as `trade2026 up` starts it: journal on disk, tokens checked, the
policy asked, PRISM trading. The sender is a process of its own (`lane.py`) that sends at a fixed
rate. A rate is clean when every order was taken in and none was answered more than `BEHIND_S`
after it was due. Afterwards the platform comes to rest and all its books are compared: OMS,
ledger, P&L, venue, lake and the log folded again.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import msgspec
from benchmarks.orders.lane import Offer, Told
from benchmarks.orders.paths import figure
from benchmarks.prism.gates import Figure
from tests.chaos.__main__ import widen_limits
from tests.e2e import audit
from tests.e2e.rig import ROOT, Platform, running_platform
from tests.e2e.traffic import SYMBOL

RATE: Final = 300
"""Orders a second at which latency is measured."""
RATES: Final = (100, 200, 300, 400, 500, 600, 800, 1_000)
CONNECTIONS: Final = 128
"""Enough that the sender waits for nobody while the platform keeps up."""
BEHIND_S: Final = 1.0
WARM_UP_ORDERS: Final = 300


class Sender:
    """Sends orders to one platform, and remembers what was said of them."""

    def __init__(self, platform: Platform) -> None:
        self.acknowledged: dict[str, str] = {}
        self.refused: list[str] = []
        self._platform = platform
        self._port = int(platform.url("oms", "").rpartition(":")[2])
        self._runs = 0

    def send(self, rate: float, seconds: float) -> Told:
        """Send at *rate* for so long, and return what came of it."""
        self._runs += 1
        offer = Offer(
            port=self._port,
            token=self._platform.token(),
            rate=rate,
            count=round(rate * seconds),
            connections=CONNECTIONS,
            symbol=SYMBOL,
            run=f"run-{self._runs}",
        )
        with tempfile.TemporaryFile() as answer:
            subprocess.run(
                [sys.executable, "-m", "benchmarks.orders.lane"],
                input=msgspec.json.encode(offer),
                stdout=answer,
                cwd=ROOT,
                check=True,
            )
            answer.seek(0)
            told = msgspec.json.decode(answer.read(), type=Told)
        self.acknowledged |= told.acknowledged
        self.refused += told.errors
        return told


def is_clean(told: Told) -> bool:
    """Return whether every order was taken in, and none late."""
    return not told.errors and set(told.statuses) == {201} and max(told.times_s) <= BEHIND_S


def measure(seconds: float, minutes: float, hold: float) -> tuple[dict[str, Figure], list[str]]:
    """Return the figures of a platform of its own, and what else is worth a line.

    Args:
        seconds: for how long each rate is offered.
        minutes: for how long *hold* is offered afterwards; 0 leaves it out.
        hold: orders a second.
    """
    with tempfile.TemporaryDirectory() as folder, running_platform(Path(folder) / "data") as up:
        widen_limits(up, max(hold, *RATES))
        first, sender = audit.first_of(up), Sender(up)
        sender.send(RATE / 3, 3 * WARM_UP_ORDERS / RATE)
        figures, lines = _ladder(sender, seconds)
        if minutes:
            told = sender.send(hold, 60 * minutes)
            lines.append(_verdict(told, hold, f"{minutes:g} minutes"))
            figures["held"] = Figure(value=hold if is_clean(told) else 0, text=lines[-1])
        begun = time.monotonic()
        faults = audit.faults_of(up, _traffic(sender), first)
        count = len(sender.acknowledged)
        text = (
            f"{count:,} orders acknowledged, {len(faults)} faults; {time.monotonic() - begun:.0f} s"
        )
        figures["lost"] = Figure(value=len(faults), text="; ".join([text, *faults[:3]]))
    return figures, lines


def _ladder(sender: Sender, seconds: float) -> tuple[dict[str, Figure], list[str]]:
    figures: dict[str, Figure] = {}
    lines: list[str] = []
    best = Figure(value=0, text="none was clean")
    for rate in RATES:
        told = sender.send(rate, seconds)
        lines.append(_verdict(told, rate, f"{seconds:g} s"))
        print(lines[-1], flush=True)
        if rate == RATE:
            figures |= _latency(told)
        if is_clean(told):
            best = Figure(value=rate, text=lines[-1])
        elif rate > RATE:
            break
    return figures | {"rate": best}, lines


def _latency(told: Told) -> dict[str, Figure]:
    def in_ms(share: float) -> Figure:
        found = figure(told.times_s, share)
        return Figure(value=(found.value or 0) / 1e3, text=found.text)

    return {"http p50": in_ms(0.5), "http p99": in_ms(0.99)}


def _verdict(told: Told, rate: float, length: str) -> str:
    word = "clean" if is_clean(told) else "not clean"
    reached = len(told.times_s) / told.seconds
    worst = max(told.times_s) * 1e3
    said = "" if not told.errors else f", {dict(told.statuses)} {told.errors[0]}"
    return (
        f"{rate:g}/s for {length}, {word}: {figure(told.times_s).text}, worst {worst:,.0f} ms, "
        f"{reached:,.0f}/s{said}"
    )


def _traffic(sender: Sender) -> Any:
    acknowledged: Mapping[str, str] = sender.acknowledged
    return SimpleNamespace(acknowledged=acknowledged, unanswered=(), refused=sender.refused)
