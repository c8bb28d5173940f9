"""Tells the log what is kept of the market: measured spans, fills, and how it stood.

What waits for the log is bounded: where it is away for long, the market stands still. A batch
whose fate is unknown is appended again as it was, under the same id. What agents did in the
moment before their process is killed is not told; nor does the next life know of it. Trades of
outsiders stand in the log with their reports: those that one life did not come to tell of, the
next one does.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, NamedTuple, TypeAlias

from structlog.typing import FilteringBoundLogger

from trade2026.core.errors import BusUnavailableError
from trade2026.core.ids import EventId
from trade2026.domain.measures.fold import SPAN_NS
from trade2026.model.instrument import PRISM
from trade2026.model.measure import FillBatch, MomentBatch, SpanBatch
from trade2026.model.prism import PrismFill
from trade2026.model.subjects import PRISM_FILL, PRISM_MOMENT, PRISM_SPAN, Event
from trade2026.ports.bus import Bus
from trade2026.prism.agent_market import AgentMarket
from trade2026.prism.exchange import FIRST_OUTSIDER, EventKind, MarketEvent
from trade2026.prism.floor import Floor
from trade2026.prism.measuring import Measuring
from trade2026.prism.settlement import fill_of

ROWS_MAX: Final = 50_000
"""So many rows may wait for the log before the market does."""
PUBLISH_EVERY_S: Final = 0.2
STOP_S: Final = 0.5
_MOST_IN_ONE: Final = 500
_FIRST_PAUSE_S: Final = 0.05
_LONGEST_PAUSE_S: Final = 1.0


class _Key(NamedTuple):
    kind: str
    life: int
    symbol: str


Untold: TypeAlias = Mapping[_Key, int]
"""By symbol of a life, up to which of its fills the log does not have all of them yet."""

_SUBJECTS: Final[dict[str, tuple[Event[Any], type[Any]]]] = {
    "span": (PRISM_SPAN, SpanBatch),
    "fill": (PRISM_FILL, FillBatch),
    "moment": (PRISM_MOMENT, MomentBatch),
}


class Recorder:
    """Takes what each round of the market gave. `run` brings it to the log."""

    def __init__(self, bus: Bus, log: FilteringBoundLogger, *, rows_max: int = ROWS_MAX) -> None:
        self._bus = bus
        self._log = log
        self._rows_max = rows_max
        self._measuring: Measuring | None = None
        self._life = 0
        self._next_ns = 0
        self._waiting: dict[_Key, list[Any]] = {}
        self._counts: dict[_Key, int] = {}
        self._begun: dict[_Key, int] = {}
        """The size of each batch that the log may have already: it goes again as it was."""
        self._outsiders: dict[_Key, int] = {}
        """How many fills there are of each symbol up to the last one of an outsider."""
        self._room = asyncio.Event()
        self._is_due = asyncio.Event()
        self._appending = asyncio.Lock()
        self.waiting_rows = 0
        self.told_rows = 0
        """Since the process began."""
        self.is_away = False
        self.span_seq = 0
        """Where the log has the last span that this process told."""
        self.fill_place = 0
        """Where the log has the last fills that this process told, or where it began."""

    def begin(self, floor: Floor) -> None:
        """Measure the market of a life that begins, before anything happens in it."""
        self._look(self._next_ns)
        exchange = floor.exchange
        self._measuring = exchange.measure() if isinstance(exchange, AgentMarket) else None
        self._life, self._next_ns = floor.life, exchange.sim_ns
        self._counts = {key: n for key, n in self._counts.items() if key in self._waiting}
        self._outsiders.clear()

    async def take(self, floor: Floor, events: Iterable[MarketEvent]) -> None:
        """Take what a round gave; waits while too much waits already."""
        exchange = floor.exchange
        if not isinstance(exchange, AgentMarket):
            # On paper the market is a recording, which others keep.
            return
        for event in events:
            if event.kind is EventKind.TRADE:
                self._add("fill", event.symbol, [_fill_of(event, floor)])
                if max(event.maker_owner, event.taker_owner) >= FIRST_OUTSIDER:
                    # The next life will know of it, as it does not of what agents did last.
                    key = _Key("fill", self._life, event.symbol)
                    self._outsiders[key] = self._counts.get(key, 0) + len(self._waiting[key])
                    self._is_due.set()
        self._look(exchange.sim_ns)
        while self.waiting_rows > self._rows_max:
            self._room.clear()
            await self._room.wait()

    async def owe(self, life: int, fills: Mapping[str, Sequence[PrismFill]]) -> None:
        """Tell of trades, by symbol, that an earlier *life* did not come to tell of."""
        for symbol, ones in fills.items():
            for first in range(0, len(ones), _MOST_IN_ONE):
                records = tuple(ones[first : first + _MOST_IN_ONE])
                event_id = EventId(f"{PRISM}-{life}-owed-{symbol}-{records[0].seq}")
                await self._store(_Key("fill", life, symbol), records, event_id)

    def untold(self) -> Untold:
        """Return which fills of outsiders the log does not have yet."""
        return {key: n for key, n in self._outsiders.items() if self._counts.get(key, 0) < n}

    def has_told(self, fills: Untold) -> bool:
        """Return whether the log has by now what it had not."""
        return all(self._counts.get(key, 0) >= count for key, count in fills.items())

    async def tell_fills(self) -> None:
        """Bring the fills that wait to the log; returns when it has them."""
        await self._publish("fill")

    async def run(self) -> None:
        """Bring what waits to the log, for as long as the market lives."""
        while True:
            self._is_due.clear()
            await self._publish(*_SUBJECTS)
            with suppress(TimeoutError):
                # `wait_for` of Python 3.11 forgets a cancel that comes with what it waits for.
                async with asyncio.timeout(PUBLISH_EVERY_S):
                    await self._is_due.wait()

    async def stop(self) -> None:
        """Bring what waits to the log, if that is quickly done."""
        try:
            async with asyncio.timeout(STOP_S):
                await self._publish(*_SUBJECTS)
        except TimeoutError:
            self._log.warning("not told to the log", waiting_rows=self.waiting_rows)

    def _look(self, sim_ns: int) -> None:
        """Take the spans that ended, and once in a span how the market stands."""
        if self._measuring is None or sim_ns < self._next_ns:
            return
        self._next_ns = (sim_ns // SPAN_NS + 1) * SPAN_NS
        for symbol, spans in self._measuring.spans().items():
            self._add("span", symbol, spans)
        for symbol, moment in self._measuring.moments().items():
            self._add("moment", symbol, [moment])

    def _add(self, kind: str, symbol: str, records: list[Any]) -> None:
        self._waiting.setdefault(_Key(kind, self._life, symbol), []).extend(records)
        self.waiting_rows += len(records)

    async def _publish(self, *kinds: str) -> None:
        async with self._appending:
            due = [(k, len(records)) for k, records in self._waiting.items() if k.kind in kinds]
            # Fills first: whoever reads of a second finds its fills.
            for key, count in sorted(due, key=lambda one: one[0].kind != "fill"):
                told = 0
                while told < count:
                    most = self._begun.get(key) or min(_MOST_IN_ONE, count - told)
                    told += await self._append(key, tuple(self._waiting[key][:most]))
                if not self._waiting[key]:
                    del self._waiting[key]

    async def _append(self, key: _Key, records: tuple[Any, ...]) -> int:
        first = self._counts.get(key, 0)
        event_id = EventId(f"{PRISM}-{key.life}-{key.kind}-{key.symbol}-{first}")
        self._begun[key] = len(records)
        await self._store(key, records, event_id)
        del self._begun[key]
        self._counts[key] = first + len(records)
        del self._waiting[key][: len(records)]
        self.waiting_rows -= len(records)
        self.told_rows += len(records)
        self._room.set()
        return len(records)

    async def _store(self, key: _Key, records: tuple[Any, ...], event_id: EventId) -> None:
        subject, batch_of = _SUBJECTS[key.kind]
        batch = batch_of(life=key.life, symbol=key.symbol, records=records)
        pause_s = _FIRST_PAUSE_S
        while True:
            try:
                seq = await self._bus.append(subject, batch, event_id=event_id, symbol=key.symbol)
                break
            except BusUnavailableError as error:
                if not self.is_away:
                    self._log.warning("the market's measures wait", reason=str(error))
                self.is_away = True
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
        self.is_away = False
        if subject is PRISM_SPAN:
            self.span_seq = seq
        elif subject is PRISM_FILL:
            self.fill_place = seq


def _fill_of(event: MarketEvent, floor: Floor) -> PrismFill:
    maker, taker = floor.party_of(event.maker_owner), floor.party_of(event.taker_owner)
    return fill_of(event, floor.instruments[event.symbol], maker=maker, taker=taker)
