"""The ledger at work: positions and cash folded from the log of orders, told to others.

Each change is appended to the positions' stream in the order of the log of orders, a little behind
the fold, and once, unless two lives of the ledger overlap. After a restart the ledger is folded
again, from its newest snapshot on, which has nothing that is not told, and only what the stream
does not have yet is appended.
"""

from typing import Final

import msgspec
from structlog.typing import FilteringBoundLogger

from trade2026.core.clock import Clock, TimeNs
from trade2026.core.errors import CodecError
from trade2026.core.ids import AccountId, EventId, Ids
from trade2026.core.numbers import Px
from trade2026.desk.snapshots import Keeper
from trade2026.desk.telling import Teller
from trade2026.domain.position.ledger import Ledger
from trade2026.domain.position.reconcile import VenueFills, VenueFillsState
from trade2026.domain.position.state import LedgerState
from trade2026.domain.position.working import WorkingOrders, WorkingState
from trade2026.model.booking import AnyBooking, BookRequest
from trade2026.model.journal import JournalEvent
from trade2026.model.market import QuoteBatch
from trade2026.model.position import PositionEvent
from trade2026.model.subjects import LEDGER_BOOK, POSITION_EVENT
from trade2026.ports.bus import Bus, Delivery

SNAPSHOT_RULES: Final = 3
"""To be raised whenever the same events come to something else."""


class BooksState(msgspec.Struct, frozen=True, kw_only=True):
    """All that the desk's folds can be made of again."""

    ledger: LedgerState
    fills: VenueFillsState
    working: WorkingState
    told_seqs: dict[str, int]


class LedgerDesk:
    """Keeps the ledger and tells of its changes."""

    def __init__(self, bus: Bus, clock: Clock, ids: Ids, log: FilteringBoundLogger) -> None:
        self.ledger = Ledger()
        self.fills = VenueFills()
        """The fills alone, beside the ledger, to compare with what venues say."""
        self.working = WorkingOrders()
        """The orders at venues, to compare them too."""
        self.marks: dict[str, Px] = {}
        """Latest mid by symbol, to show unrealised P&L; never part of the ledger."""
        self._bus = bus
        self._clock = clock
        self._ids = ids
        self._teller = Teller(bus, log, POSITION_EVENT)
        self._life = ids.new()
        # By account: one that is halted over an event tells the rest later, others go on.
        self._told_seq: dict[str, int] = {}
        self._untold: dict[str, int] = {}
        """Of an account, where in the log of orders a change came from that cannot be told."""

    def keeper(self) -> Keeper[BooksState]:
        """Return the desk's folds as their snapshots see them."""
        return Keeper(
            fold="ledger",
            state=BooksState,
            rules=SNAPSHOT_RULES,
            freeze=self._freeze,
            thaw=self._thaw,
            settle=self._teller.settle,
        )

    async def on_own_event(self, event: PositionEvent, _: Delivery) -> None:
        """Remember up to where the stream has been told already."""
        account, seq = account_and_seq(event)
        self._told_seq[account] = max(seq, self._told_seq.get(account, 0))

    async def on_journal(self, event: JournalEvent, delivery: Delivery) -> None:
        """Book the event, and tell what it changed.

        Raises:
            CodecError: this change of the account cannot be told, or one before it: nothing more
                of it is booked.
            StoppingError: the desk is closed.
        """
        self._teller.require_sound()
        if event.account in self._untold:
            raise CodecError(
                f"{event.account}: the change at {self._untold[event.account]} cannot be told"
            )
        changes = self.ledger.apply(event, delivery.stream_seq)
        self.fills.apply(event, delivery.stream_seq)
        self.working.apply(event, delivery.stream_seq)
        for change in changes:
            account, seq = account_and_seq(change)
            if seq <= self._told_seq.get(account, 0):
                continue
            try:
                event_id = EventId(f"journal-{seq}-{self._life}")
                await self._teller.tell(change, event_id=event_id, account=account)
            except CodecError:
                self._untold[account] = seq
                raise

    async def close(self) -> None:
        """Tell no more."""
        await self._teller.close()

    def now_ns(self) -> TimeNs:
        """Return the time of this moment."""
        return self._clock.now_ns()

    def new_key(self) -> str:
        """Return a key for a booking whose sender gave none."""
        return self._ids.new()

    async def book(self, bookings: tuple[AnyBooking, ...]) -> int:
        """Have *bookings* journalled, and return the sequence of the last.

        Raises:
            RefusedError: an account does not exist.
            BusUnavailableError: no answer came in time; asking again under the same keys is
                safe.
        """
        booked = await self._bus.ask(LEDGER_BOOK, BookRequest(bookings=bookings))
        return booked.journal_seq

    async def on_quotes(self, batch: QuoteBatch, _: Delivery) -> None:
        """Mark the symbol at the newest mid."""
        mid = batch.records[-1].mid_px
        if mid is not None:
            self.marks[batch.symbol] = mid

    def _freeze(self) -> BooksState:
        return BooksState(
            ledger=self.ledger.freeze(),
            fills=self.fills.freeze(),
            working=self.working.freeze(),
            told_seqs=dict(self._told_seq),
        )

    def _thaw(self, state: BooksState) -> None:
        self.ledger.thaw(state.ledger)
        self.fills.thaw(state.fills)
        self.working.thaw(state.working)
        self._told_seq = dict(state.told_seqs)


def account_and_seq(event: PositionEvent) -> tuple[AccountId, int]:
    """Return whose change it is, and the sequence in the log of orders that it came from."""
    if event.position is not None:
        return event.position.position.key.account, event.position.journal_seq
    assert event.cash is not None
    return event.cash.account, event.cash.journal_seq
