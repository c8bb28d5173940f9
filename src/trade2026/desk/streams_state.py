"""What the stream's lossless topics are made of again after a restart, as a snapshot has it."""

from collections.abc import Iterable
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
    """The positions of an account, and when the newest of them changed."""

    account: AccountId
    ts_ns: TimeNs
    positions: tuple[Position, ...]


class OrderEntry(msgspec.Struct, frozen=True, array_like=True):
    """An order after one of its steps, and its place in the log."""

    seq: int
    ts_ns: int
    order: Order


class OrderRing(msgspec.Struct, frozen=True, array_like=True):
    """The newest steps of an account's orders."""

    account: str
    floor: int
    entries: tuple[OrderEntry, ...]


class FillEntry(msgspec.Struct, frozen=True, array_like=True):
    """A fill, and its place in the log."""

    seq: int
    ts_ns: int
    fill: Fill


class FillRing(msgspec.Struct, frozen=True, array_like=True):
    """The newest fills of an account."""

    account: str
    floor: int
    entries: tuple[FillEntry, ...]


class HubState(msgspec.Struct, frozen=True, kw_only=True):
    """All that the logs of orders and of positions have made of the hub."""

    held: tuple[HeldState, ...]
    kept: tuple[Kept, ...]
    totals: Totals
    orders: tuple[OrderRing, ...]
    fills: tuple[FillRing, ...]


def orders_of(account: str, ring: Ring) -> OrderRing:
    """Return a ring of orders as a snapshot has it."""
    entries = (OrderEntry(one.seq, one.ts_ns, one.value) for one in ring.entries)
    return OrderRing(account, ring.floor, tuple(entries))


def fills_of(account: str, ring: Ring) -> FillRing:
    """Return a ring of fills as a snapshot has it."""
    entries = (FillEntry(one.seq, one.ts_ns, one.value) for one in ring.entries)
    return FillRing(account, ring.floor, tuple(entries))


def ring_of(state: OrderRing | FillRing) -> Ring:
    """Return the ring that *state* was made of."""
    entries: Iterable[Entry]
    if isinstance(state, OrderRing):
        entries = (Entry(one.seq, one.ts_ns, one.order) for one in state.entries)
    else:
        entries = (Entry(one.seq, one.ts_ns, one.fill) for one in state.entries)
    ring = Ring(floor=state.floor)
    for entry in entries:
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
