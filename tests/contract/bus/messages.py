"""Small messages on real subjects, and a patient look."""

import asyncio
from collections.abc import Callable
from itertools import count

from trade2026.core.clock import TimeNs
from trade2026.core.ids import AccountId, EventId
from trade2026.core.numbers import Money
from trade2026.core.turns import Lanes
from trade2026.model.journal import CashDeposited, JournalEvent
from trade2026.model.market import TradeBatch
from trade2026.model.subjects import MARKET_TRADE, ORDERS_EVENT, Command
from trade2026.ports.bus import Bus, Delivery

PATIENCE_S = 20.0

ECHO = Command[TradeBatch, TradeBatch](
    pattern="test.echo", giver="a", takers=("b",), request=TradeBatch, reply=TradeBatch
)
_IDS = count()


def a_deposit(account: str, number: int) -> CashDeposited:
    return CashDeposited(
        event_id=EventId(f"{account}-{number}"),
        account=AccountId(account),
        currency="USD",
        amount=Money(number),
        text="",
        ts_ns=TimeNs(0),
    )


def a_batch(symbol: str, venue: str = "PRISM") -> TradeBatch:
    return TradeBatch(venue=venue, symbol=symbol, records=())


async def deposit(bus: Bus, account: str, number: int) -> int:
    """Append deposit *number* of *account*, about money: poison halts the account."""
    event_id = EventId(f"{account}-{number}-{next(_IDS)}")
    return await bus.append(
        ORDERS_EVENT, a_deposit(account, number), event_id=event_id, account=account
    )


async def print_trade(bus: Bus, symbol: str, venue: str = "PRISM") -> int:
    """Append a batch of trades, market data: poison goes to the dead letters."""
    return await bus.append(
        MARKET_TRADE,
        a_batch(symbol, venue),
        event_id=EventId(f"batch-{next(_IDS)}"),
        venue=venue,
        symbol=symbol,
    )


def account_of(event: CashDeposited) -> Lanes:
    """Return the only lane of a deposit."""
    return Lanes(after=(event.account,))


class Book:
    """A handler that writes down what it gets, and fails where it is told to."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, int]] = []
        """Account and number of each deposit handled, in order."""
        self.seqs: list[int] = []
        self.tries: list[int] = []
        self.failing: set[tuple[str, int]] = set()

    async def take(self, event: JournalEvent, delivery: Delivery) -> None:
        assert isinstance(event, CashDeposited)
        self.tries.append(delivery.stream_seq)
        place = (str(event.account), int(event.amount))
        if place in self.failing:
            raise ValueError(f"cannot book {place}")
        self.seen.append(place)
        self.seqs.append(delivery.stream_seq)

    def of(self, account: str) -> list[int]:
        return [number for name, number in self.seen if name == account]


async def until(is_true: Callable[[], bool], why: str = "it did not happen") -> None:
    """Return when *is_true* says so; fail when it does not for a long time."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not is_true():  # noqa: ASYNC110 - there is no event for what tests look at.
                await asyncio.sleep(0.005)
    except TimeoutError:
        raise AssertionError(why) from None
