"""What the stream's lossless topics are made of again after a restart, as a snapshot has it."""

from typing import Final

import msgspec

from trade2026.core.clock import TimeNs
from trade2026.core.ids import AccountId
from trade2026.desk.streams_ring import Entry, Ring
from trade2026.domain.oms.kept import Fill, Kept, Totals
from trade2026.domain.oms.order import Order
from trade2026.model.journal import OrderReported, UnknownReported
from trade2026.model.position import Position

SNAPSHOT_RULES: Final = 1
"""To be raised whenever the same events come to something else."""


class HeldState(msgspec.Struct, frozen=True, array_like=True):
    """The positions of an account, when the newest of them changed, and by which event."""

    account: AccountId
    ts_ns: TimeNs
    journal_seq: int
    positions: tuple[Position, ...]


class OrderRing(msgspec.Struct, frozen=True, array_like=True):
    """The newest steps of an account's orders."""

    account: str
    floor: int
    entries: tuple[Entry[Order], ...]


class FillRing(msgspec.Struct, frozen=True, array_like=True):
    """The newest fills of an account."""

    account: str
    floor: int
    entries: tuple[Entry[Fill], ...]


class HubState(msgspec.Struct, frozen=True, kw_only=True):
    """All that the logs of orders and of positions have made of the hub."""

    held: tuple[HeldState, ...]
    kept: tuple[Kept, ...]
    totals: Totals
    orders: tuple[OrderRing, ...]
    fills: tuple[FillRing, ...]


def ring_of(state: OrderRing | FillRing) -> Ring:
    """Return the ring that *state* was made of."""
    ring = Ring(floor=state.floor)
    for entry in state.entries:
        ring.append(entry)
    return ring


def late_report(event: OrderReported) -> UnknownReported:
    """Return what is left of *event* where its order is not remembered: what it moves."""
    return UnknownReported(
        event_id=event.event_id,
        account=event.account,
        report=event.report,
        ts_ns=event.ts_ns,
        was=event.was,
    )
