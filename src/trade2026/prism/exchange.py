"""What the venue asks of a market, whether of agents or of a recorded book.

The venue knows ticks, lots and numbers only through this door: a market matches, and tells
what happened as `MarketEvent`s. Outsiders' order numbers are positive and given by the
venue; an event's other numbers mean nothing here.
"""

from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import Final, NamedTuple, Protocol

from trade2026.core.numbers import Px
from trade2026.model.order import (
    NewOrderSingle,
    OrdType,
    SelfTradePrevention,
    Side,
    TimeInForce,
)
from trade2026.model.prism import PartyHolding

FIRST_OUTSIDER: Final = 2**20
"""Owners from here on are outsiders; those below belong to the market itself."""


class EventKind(IntEnum):
    """What happened in a market."""

    TRADE = 1
    ADDED = 2
    """What an order did not fill at once rests in the book."""
    REMOVED = 3
    """What rested was taken out by a cancel."""
    KILLED = 4
    """What an order did not fill at once is gone: it may not rest, or may not trade."""
    CHANGED = 5
    """What rests or waits became another quantity or trigger, and kept its place."""
    TRIGGERED = 6
    """A stop becomes active."""
    WAITING = 7
    """A stop waits."""
    REFRESHED = 8
    """The next part of an iceberg is shown."""
    PHASE = 9
    REFUSED = 10
    """What was asked of an order could not be done; nothing changed."""
    DECREMENTED = 11
    """Two orders of one owner met and lost as much as they would have traded."""
    LEVEL = 12
    """A level changed by an auction."""


class KillReason(IntEnum):
    """Why what was left of an incoming order is gone."""

    NONE = 0
    UNFILLED = 1
    """Nobody stood at its price any more, or, for FOK, too few did."""
    SELF_TRADE = 2
    """It would have met an order of its own owner."""
    INVALID = 3
    """The market cannot take such an order at all."""
    WOULD_TRADE = 4
    """It may only rest, and would have traded."""
    WRONG_PHASE = 5
    OUT_OF_BAND = 6
    EXPIRED = 7
    REPLACED = 8
    """It enters again, or was changed in its place."""
    UNKNOWN = 9
    """There is no such order any more."""


AT_THE_DOOR: Final = frozenset(
    {
        KillReason.INVALID,
        KillReason.WOULD_TRADE,
        KillReason.WRONG_PHASE,
        KillReason.OUT_OF_BAND,
    }
)
"""Why a market does not take an order in."""


class Terms(NamedTuple):
    """What an order asks, apart from whose it is, in ticks and lots."""

    side: Side
    ord_type: OrdType
    time_in_force: TimeInForce
    ticks: int
    """0 without a limit."""
    lots: int
    trigger: int = 0
    """Of a stop; of a trailing stop how far behind the last price."""
    display: int = 0
    """0 shows all."""
    expires_ns: int = 0
    """Simulation time, for GTD."""
    is_post_only: bool = False
    stp: SelfTradePrevention = SelfTradePrevention.CANCEL_NEWEST


class NewTerms(NamedTuple):
    """What a replaced order shall be; 0 leaves a value as it is."""

    ticks: int
    lots: int
    """That shall be left."""
    trigger: int
    stp: SelfTradePrevention


class MarketEvent(NamedTuple):
    """One thing that happened, in ticks and lots."""

    seq: int
    """Contiguous within the symbol and the market's life, from 1."""
    symbol: str
    kind: EventKind
    time_ns: int
    side: Side
    """Of the taker in a trade, BUY in an auction's, of the order otherwise."""
    ticks: int
    lots: int
    maker_number: int
    """Of the resting order: in a trade, when added, when removed."""
    taker_number: int
    """Of the incoming order: in a trade, when killed."""
    maker_owner: int
    taker_owner: int
    maker_lots_left: int
    taker_lots_left: int
    reason: KillReason
    level_lots: int
    """Resting at that price, on the side that changed, after the event."""
    is_auction: bool = False
    """A trade of an auction: the maker sold, the taker bought, and `LEVEL`s follow."""


def is_turned_away(number: int, events: Iterable[MarketEvent]) -> bool:
    """Return whether the first that happened to an order is that it was not taken in."""
    own = (e for e in events if number in {e.maker_number, e.taker_number})
    first = next(own, None)
    return first is not None and first.kind is EventKind.KILLED and first.reason in AT_THE_DOOR


def is_refusal(event: MarketEvent, number: int) -> bool:
    """Return whether a change of an order was not done."""
    return event.kind is EventKind.REFUSED and event.taker_number == number


Levels = list[tuple[int, int]]
"""Price in ticks and quantity in lots, best first."""


class AgentView(NamedTuple):
    """One agent as people see it. Numbers are nanos, by symbol."""

    name: str
    kind: str
    cash: dict[str, int]
    """In square nanos."""
    inventory: dict[str, int]
    pnl: dict[str, int]
    """Against its beginning, at the middle price, in square nanos."""
    open_orders: int


class Exchange(Protocol):
    """A market that outsiders can trade in."""

    @property
    def mode(self) -> str:
        """Return `agents` or `paper`."""
        ...

    @property
    def rules(self) -> str:
        """Return the name of the code and configuration that decide what happens."""
        ...

    @property
    def sim_ns(self) -> int:
        """Return the market's time."""
        ...

    def is_open(self, symbol: str) -> bool:
        """Return whether there is a market in *symbol* to trade in at this moment."""
        ...

    def run_until(self, sim_ns: int) -> None:
        """Move the market's time on, and let happen what happens until then."""
        ...

    def cannot(self, order: NewOrderSingle) -> str:
        """Return what of *order* such a market does not know; empty where it knows all."""
        ...

    def submit(self, *, symbol: str, number: int, owner: int, terms: Terms) -> None:
        """Match an outsider's order at the market's time."""
        ...

    def replace(self, *, symbol: str, number: int, terms: NewTerms) -> None:
        """Change an outsider's order that rests or waits; an event says so, or why not."""
        ...

    def cancel(self, *, symbol: str, number: int) -> None:
        """Take out what rests of an outsider's order; nothing happens where none rests."""
        ...

    def drain(self) -> list[MarketEvent]:
        """Return what happened since the last call, in order."""
        ...

    def depth(self, symbol: str, levels: int) -> tuple[Levels, Levels]:
        """Return bids and asks, best first."""
        ...

    def owner_name(self, owner: int) -> str:
        """Return the party behind an owner that is not an outsider."""
        ...

    def holdings(self) -> Sequence[PartyHolding]:
        """Return what the market's own parties hold; outsiders are not among them."""
        ...

    def agents(self) -> Sequence[AgentView]:
        """Return the agents, none where a recording trades."""
        ...

    def last_mid_px(self) -> dict[str, Px]:
        """Return where the middle last stood, by symbol."""
        ...

    def value_px(self) -> dict[str, Px]:
        """Return what a position is valued at, by symbol; the same in every replay."""
        ...

    def mark(self) -> tuple[int, str]:
        """Return how many events were drained, and the hash over them; empty of a recording."""
        ...
