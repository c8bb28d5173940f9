"""Where the ids stand in the log that memory let go of, so that not each doubtful one is sought.

An id from before what is remembered may have come, or not: only the log knows. After the clock
on the wall was set back every fresh id is such a one, for as long as it was set back by. So the
ids that were made around the time in doubt are read once and held, and what memory lets go of
later is read when it has.
"""

import asyncio
from collections.abc import Callable
from typing import Final, NamedTuple

from trade2026.core.clock import NS_PER_S
from trade2026.core.ids import OrderId, time_of
from trade2026.model.prism import PrismInput
from trade2026.model.subjects import PRISM_INPUT, Stream
from trade2026.ports.bus import Bus, Delivery
from trade2026.prism.memory import read
from trade2026.prism.outside import SKEW_NS

MOST_IDS: Final = 200_000
"""More are not held: then each is searched for."""
BEFORE_NS: Final = 60 * NS_PER_S
_BEHIND_NS: Final = 3_600 * NS_PER_S


class Place(NamedTuple):
    """Where the log may have an id."""

    seq: int | None
    """The first place, None where it stands nowhere up to *read_seq*."""
    read_seq: int


class Doubts:
    """The ids of the log that were made around one time.

    Args:
        bus: with the log.
        place_before: returns a place that what came at a time on the wall stands behind.
        forgotten_seq: returns the last place in the log that memory let go of in this life.
    """

    def __init__(
        self, bus: Bus, place_before: Callable[[int], int], forgotten_seq: Callable[[], int]
    ) -> None:
        self._bus = bus
        self._place_before = place_before
        self._forgotten_seq = forgotten_seq
        self._places: dict[OrderId, int] = {}
        self._from_ns = self._until_ns = 0
        """Of the times at which the ids were made."""
        self._read_seq = 0
        """What stands up to here in the log is read."""
        self._one_at_a_time = asyncio.Lock()

    async def place_of(self, order_id: OrderId) -> Place:
        """Return where the log may have an id, or up to where it has it nowhere.

        Args:
            order_id: a UUIDv7 that memory does not know.

        Raises:
            BusUnavailableError: the log did not answer.
        """
        at_ns = time_of(order_id)
        assert at_ns is not None
        async with self._one_at_a_time:
            if not self._from_ns <= at_ns < self._until_ns:
                await self._read_around(at_ns)
            while self._forgotten_seq() > self._read_seq:
                await self._read_on(self._from_ns, self._until_ns)
            place = self._places.get(order_id)
            if place is None and len(self._places) >= MOST_IDS:
                place = self._place_before(at_ns - SKEW_NS) + 1
            return Place(place, self._read_seq)

    async def _read_around(self, at_ns: int) -> None:
        from_ns, until_ns = at_ns - BEFORE_NS, at_ns + _BEHIND_NS
        self._places.clear()
        # Until all is read nothing is: the log may be away.
        self._from_ns = self._until_ns = 0
        self._read_seq = self._place_before(from_ns - SKEW_NS)
        await self._read_on(from_ns, until_ns)
        self._from_ns, self._until_ns = from_ns, until_ns

    async def _read_on(self, from_ns: int, until_ns: int) -> None:
        async def on_input(message: PrismInput, delivery: Delivery) -> None:
            asked = message.order or message.disowned
            if asked is None or len(self._places) >= MOST_IDS:
                return
            at_ns = time_of(asked.order_id)
            if at_ns is not None and from_ns <= at_ns < until_ns:
                self._places.setdefault(asked.order_id, delivery.stream_seq)

        last_seq = await self._bus.last_seq(Stream.PRISM_INPUT)
        await read(self._bus.fold(PRISM_INPUT, on_input, from_seq=self._read_seq + 1))
        self._read_seq = last_seq
