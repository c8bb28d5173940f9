"""The conversation with Interactive Brokers' TWS, by ib_async's client: what can be asked.

Nothing is repeated here. A list of which a part could not be read is no answer: taken for whole, it
would have an order that works rejected as one that never arrived.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Final, TypeVar

from ib_async.client import Client
from ib_async.contract import Contract, ContractDetails
from ib_async.objects import ExecutionFilter
from ib_async.order import Order, OrderState

from trade2026.adapters.exchanges.ib_ears import IbEars, Seen
from trade2026.adapters.exchanges.ib_words import CASH_OF_ALL, LIVE_DATA, NO_CONTRACT, Quote
from trade2026.core.errors import VenueUnavailableError

T = TypeVar("T")

ANSWER_WITHIN_S: Final = 10.0


def _leave(_: int) -> None:
    """Do nothing: most lists end by themselves."""


class IbWire:
    """One connection, which can be opened again."""

    def __init__(self) -> None:
        self.ears = IbEars()
        self.client: Any = Client(self.ears)
        self._one_list = asyncio.Lock()

    @property
    def is_there(self) -> bool:
        """Return whether TWS is connected, and the broker behind it."""
        return bool(self.client.isReady()) and not self.ears.is_cut

    async def connect(self, host: str, port: int, client: int) -> list[str]:
        """Shake hands, and return the numbers of the accounts.

        Raises:
            VenueUnavailableError: nobody answers.
        """
        self.ears.is_cut = False
        self.ears.lost.clear()
        logging.getLogger("ib_async.Decoder").addHandler(self.ears.unread)
        try:
            await self.client.connectAsync(host, port, client, ANSWER_WITHIN_S)
        except (OSError, TimeoutError) as error:
            raise VenueUnavailableError(f"no TWS at {host}:{port}: {error!r}") from None
        return list(self.client.getAccounts())

    async def until(self, found: Callable[[], T | None], within_s: float = ANSWER_WITHIN_S) -> T:
        """Return what *found* finds, looking again whenever something was heard.

        Raises:
            VenueUnavailableError: it was not found in time, or the connection broke.
        """
        try:
            async with asyncio.timeout(within_s):
                while True:
                    answer = found()
                    if answer is not None:
                        return answer
                    if not self.client.isReady():
                        raise VenueUnavailableError("the connection to TWS broke")
                    self.ears.moved.clear()
                    await self.ears.moved.wait()
        except TimeoutError:
            raise VenueUnavailableError(f"TWS said nothing for {within_s:g} s") from None

    def number(self) -> int:
        """Return the next number for a request or an order.

        Raises:
            VenueUnavailableError: there is no connection.
        """
        if not self.is_there:
            raise VenueUnavailableError("no connection to the broker")
        return int(self.client.getReqId())

    async def contracts(self, contract: Contract) -> list[ContractDetails]:
        """Return what TWS knows by that description.

        Raises:
            VenueUnavailableError: no answer came.
        """
        return await self._list(lambda n: self.client.reqContractDetails(n, contract))

    async def ask_fills(self, account: str) -> None:
        """Have TWS tell the day's fills again.

        Raises:
            VenueUnavailableError: no answer came.
        """
        wanted = ExecutionFilter(acctCode=account)
        await self._list(lambda n: self.client.reqExecutions(n, wanted))

    async def ask_open(self) -> set[str]:
        """Return the names of the orders that TWS says are open, of whichever client.

        Raises:
            VenueUnavailableError: no answer came.
        """
        async with self._one_list:
            self.number()
            self.ears.open = heard = set[str]()
            self.client.reqAllOpenOrders()
            await self._whole(lambda: self.ears.open is None)
            return heard

    async def ask_closed(self) -> list[tuple[Order, OrderState]]:
        """Return the orders that TWS says have ended today.

        Raises:
            VenueUnavailableError: no answer came.
        """
        async with self._one_list:
            self.number()
            self.ears.closed = heard = list[tuple[Order, OrderState]]()
            self.client.reqCompletedOrders(False)  # noqa: FBT003 - TWS's own too
            await self._whole(lambda: self.ears.closed is None)
            return heard

    async def ask_cash(self) -> list[tuple[str, str, str, str]]:
        """Return account, tag, amount and currency of all that TWS says of cash.

        Raises:
            VenueUnavailableError: no answer came.
        """

        def ask(number: int) -> None:
            self.client.reqAccountSummary(number, "All", CASH_OF_ALL)

        def end(number: int) -> None:
            # It is a subscription, of which TWS allows two.
            if self.client.isReady():
                self.client.cancelAccountSummary(number)

        return await self._list(ask, end)

    async def ask_shares(self) -> list[tuple[str, Contract, float]]:
        """Return account, contract and amount of all that TWS says is held.

        Raises:
            VenueUnavailableError: no answer came.
        """
        async with self._one_list:
            self.number()
            self.ears.shares = heard = list[tuple[str, Contract, float]]()
            self.client.reqPositions()
            try:
                await self._whole(lambda: self.ears.shares is None)
            finally:
                if self.client.isReady():
                    self.client.cancelPositions()
            return heard

    def place(self, contract: Contract, order: Order) -> Seen:
        """Hand an order over, once.

        Raises:
            VenueUnavailableError: there is no connection, and nothing was sent.
        """
        order_id, client = self.number(), int(self.client.clientId)
        seen = Seen(ref=order.orderRef, client=client, order_id=order_id)
        self.ears.orders[seen.ref] = seen
        self.ears.numbers[client, order_id] = seen.ref
        self.client.placeOrder(order_id, contract, order)
        return seen

    def cancel(self, order_id: int) -> None:
        """Ask to cancel.

        Raises:
            VenueUnavailableError: there is no connection.
        """
        self.number()
        self.ears.errors.pop(order_id, None)
        self.client.cancelOrder(order_id, "")

    def watch(self, contract: Contract, quote: Quote, *, is_once: bool = False) -> int:
        """Have TWS send the top of the book, for ever or once, and return under which number.

        Raises:
            VenueUnavailableError: there is no connection.
        """
        number = self.number()
        self.ears.quotes[number] = quote
        self.client.reqMarketDataType(LIVE_DATA)
        self.client.reqMktData(number, contract, "", is_once, False, "")  # noqa: FBT003
        return number

    def unwatch(self) -> None:
        """Have TWS send no more prices."""
        for number in self.ears.quotes:
            self.client.cancelMktData(number)
        self.ears.quotes.clear()

    def close(self) -> None:
        """Hang up."""
        self.client.disconnect()
        logging.getLogger("ib_async.Decoder").removeHandler(self.ears.unread)

    async def _list(
        self, ask: Callable[[int], None], end: Callable[[int], None] = _leave
    ) -> list[Any]:
        number = self.number()
        answer = self.ears.answers[number] = list[Any]()
        try:
            ask(number)
            await self._whole(lambda: number in self.ears.ended or number in self.ears.errors)
            code, text = self.ears.errors.get(number, [(NO_CONTRACT, "")])[0]
            if code != NO_CONTRACT:
                raise VenueUnavailableError(f"TWS does not tell it: {code} {text}")
        finally:
            end(number)
            self.ears.answers.pop(number, None)
            self.ears.ended.discard(number)
            self.ears.errors.pop(number, None)
        return answer

    async def _whole(self, is_ended: Callable[[], bool]) -> None:
        """Wait for the end of a list, and take none of which a part could not be read."""
        before = self.ears.unread.count
        await self.until(lambda: True if is_ended() else None)
        if self.ears.unread.count != before:
            raise VenueUnavailableError("TWS said something that could not be read")
