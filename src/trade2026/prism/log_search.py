"""What the log says of orders that memory let go of, wholly or in part.

To read the log takes longer than an asker waits, and he asks again. So there is one reading at a
time for all who asked before it began, and what it found is kept: the next question reads on
from there.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from trade2026.core.errors import BusUnavailableError
from trade2026.core.ids import OrderId
from trade2026.model.execution import ExecutionReport
from trade2026.model.prism import PrismInput, PrismOutcome
from trade2026.model.subjects import PRISM_INPUT, PRISM_OUTCOME, Stream
from trade2026.ports.bus import Bus, Delivery
from trade2026.prism.memory import read

MOST_WAITING: Final = 10_000
MOST_KEPT: Final = 2_000
"""Orders found, of which the longest not asked for is let go of first."""
MOST_REPORTS_KEPT: Final = 50_000
"""Of all those orders together."""


@dataclass(slots=True)
class Found:
    """What the log says of one order, surely up to *until_seq*."""

    until_seq: int
    is_known: bool = False
    is_direct: bool = False
    is_disowned: bool = False
    reports: list[ExecutionReport] = field(default_factory=list[ExecutionReport])


@dataclass(eq=False, slots=True)
class _Asked:
    order_id: OrderId
    from_seq: int
    found: Found | None = None


class LogSearch:
    """Looks for orders in PRISM's log.

    Args:
        bus: with the log.
        cut_seq: returns behind which place the log is kept.
    """

    def __init__(self, bus: Bus, cut_seq: Callable[[], int]) -> None:
        self._bus = bus
        self._cut_seq = cut_seq
        self._asked: list[_Asked] = []
        self._one_at_a_time = asyncio.Lock()
        self._kept: OrderedDict[OrderId, Found] = OrderedDict()

    async def find(self, order_id: OrderId, *, from_seq: int) -> Found:
        """Return what the log has of an order, at least up to where it ended at the call.

        Args:
            order_id: of the order.
            from_seq: where its input stands, or a place before it.

        Raises:
            BusUnavailableError: the log did not answer, or too many wait for it already.
        """
        if len(self._asked) >= MOST_WAITING:
            raise BusUnavailableError(f"{MOST_WAITING} questions wait for the log already")
        asked = _Asked(order_id, from_seq)
        self._asked.append(asked)
        try:
            async with self._one_at_a_time:
                if asked.found is None:
                    await self._read_for(list(self._asked))
        finally:
            self._asked.remove(asked)
        assert asked.found is not None
        return asked.found

    async def _read_for(self, askers: list[_Asked]) -> None:
        wanted: dict[OrderId, Found] = {}
        for asked in askers:
            kept = self._kept.get(asked.order_id) or wanted.get(asked.order_id)
            if kept is not None and kept.until_seq < self._cut_seq():
                # What stood behind it is gone: read on from there, it would have a hole.
                kept = None
            wanted[asked.order_id] = kept or Found(until_seq=asked.from_seq - 1)
        await self._read(wanted)
        for asked in askers:
            asked.found = wanted[asked.order_id]
        self._keep(wanted)

    async def _read(self, wanted: Mapping[OrderId, Found]) -> None:
        async def on_input(message: PrismInput, _: Delivery) -> None:
            if message.order is not None and (found := wanted.get(message.order.order_id)):
                found.is_known = True
                found.is_direct = message.is_direct
            if message.disowned is not None and (found := wanted.get(message.disowned.order_id)):
                found.is_disowned = True

        async def on_outcome(outcome: PrismOutcome, _: Delivery) -> None:
            for report in outcome.reports:
                found = wanted.get(report.order_id)
                # An outcome may stand in the log twice, and a part of it be read twice.
                if found is not None and report.report_seq > _last_seq(found):
                    found.reports.append(report)

        last_seq = await self._bus.last_seq(Stream.PRISM_INPUT)
        if from_seq := _begin(wanted.values(), last_seq):
            await read(self._bus.fold(PRISM_INPUT, on_input, from_seq=from_seq))
        # The outcome of an order stands behind its input.
        if from_seq := _begin((one for one in wanted.values() if one.is_known), last_seq):
            await read(self._bus.fold(PRISM_OUTCOME, on_outcome, from_seq=from_seq))
        for found in wanted.values():
            found.until_seq = max(found.until_seq, last_seq)

    def _keep(self, wanted: Mapping[OrderId, Found]) -> None:
        for order_id, found in wanted.items():
            if len(found.reports) <= MOST_REPORTS_KEPT:
                self._kept[order_id] = found
                self._kept.move_to_end(order_id)
            else:
                self._kept.pop(order_id, None)
        report_count = sum(len(found.reports) for found in self._kept.values())
        while len(self._kept) > MOST_KEPT or report_count > MOST_REPORTS_KEPT:
            _, found = self._kept.popitem(last=False)
            report_count -= len(found.reports)


def _begin(wanted: Iterable[Found], last_seq: int) -> int:
    """Return where to begin to read for *wanted*, 0 where nothing is left to read."""
    from_seq = 1 + min((found.until_seq for found in wanted), default=last_seq)
    return from_seq if from_seq <= last_seq else 0


def _last_seq(found: Found) -> int:
    return found.reports[-1].report_seq if found.reports else 0
