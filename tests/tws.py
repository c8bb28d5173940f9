"""A small TWS for tests: Interactive Brokers' wire protocol over a real socket, and a broker.

Its frames are WRITTEN FROM TWS's DOCUMENTATION and the field order that its API clients publish
(server version 178); none was recorded from a TWS. What it shows is that our adapter and the real
ib_async do the right thing when frames are as documented.

Source: https://interactivebrokers.github.io/tws-api (connection, order submission, executions,
message codes), read 2026-11.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

VERSION: Final = 178
ACCOUNT: Final = "DU1234567"
CONTRACTS: Final = {"AAPL": 265598, "MSFT": 272093, "BRK B": 72063691}
LARGEST: Final = "1.7976931348623157E308"
_DONE: Final = frozenset({"Filled", "Cancelled", "Inactive"})


def frame(*fields: object) -> bytes:
    """Return a frame: its length in four bytes, then every field with a zero behind it."""
    text = "".join(f"{one}\0" for one in fields).encode()
    return len(text).to_bytes(4, "big") + text


@dataclass
class Placed:
    """One order, as the broker has it."""

    client: int
    order_id: int
    perm_id: int
    symbol: str
    action: str
    qty: str
    kind: str
    price: str
    tif: str
    ref: str
    status: str = "Submitted"
    filled: int = 0
    fills: list[tuple[str, str, str, str]] = field(default_factory=list[tuple[str, str, str, str]])
    """Number, shares, price, commission; without a commission none is told."""

    @property
    def contract(self) -> list[object]:
        conid = CONTRACTS[self.symbol]
        names = [self.symbol, "NMS"]
        return [conid, self.symbol, "STK", "", "0", "?", "", "SMART", "USD", *names]

    @property
    def terms(self) -> list[object]:
        limit = self.price or "0.0"
        return [self.action, self.qty, self.kind, limit, "0.0", self.tif, "", ACCOUNT, "", "0"]


class Tws:
    """The broker's side. What goes wrong is set by attributes."""

    def __init__(self) -> None:
        self.orders: list[Placed] = []
        self.placed: list[Placed] = []
        """Every order frame that came, in its order."""
        self.accounts = ACCOUNT
        self.next_id = 1
        self.refuses: tuple[int, str] | None = None
        """The code and text to say to orders."""
        self.warns: tuple[int, str] | None = None
        """The same, and the order works."""
        self.refuses_cancels: tuple[int, str] | None = None
        self.fills_at: str = ""
        """The price at which orders trade at once."""
        self.commission = "1.000003"
        self.hangs_up_on_orders = False
        """Whether it takes an order in, hangs up, and answers nothing."""
        self.loses_orders = False
        """Whether it hangs up before it has read an order."""
        self.garbles_orders = False
        """Whether what it says of open orders cannot be read."""
        self.is_mute = False
        """Whether it reads and says nothing more."""
        self.data_type = 1
        self.quote = ("189.99", "300", "190.01", "200")
        self.cash = Decimal("100000.25")
        self.shares: dict[str, Decimal] = {"MSFT": Decimal(7)}
        self.heard: list[list[str]] = []
        """The newest requests."""
        self.is_secretive = False
        """Whether it ends the list of cash without a word about the account."""
        self.watching: dict[int, str] = {}
        self.connections = 0
        self._writers: set[asyncio.StreamWriter] = set()
        self._clients: dict[asyncio.StreamWriter, int] = {}
        self._server: asyncio.Server | None = None
        self._count = 0

    @property
    def port(self) -> int:
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    async def open(self, port: int = 0) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port)

    async def close(self) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()
        while self._writers:  # noqa: ASYNC110 - a connection's end has no event.
            await asyncio.sleep(0.001)

    def cut(self) -> None:
        """Break every connection."""
        for writer in list(self._writers):
            writer.close()

    def tell(self, *fields: object) -> None:
        """Send a frame to everybody."""
        for writer in self._writers:
            if not self.is_mute:
                writer.write(frame(*fields))

    def say(self, code: int, text: str, number: int = -1) -> None:
        """Send an error, a warning or news of the connection."""
        self.tell(4, 2, number, code, text, "")

    def order(self, ref: str) -> Placed:
        """Return the order of that name."""
        return next(one for one in self.orders if one.ref == ref)

    def fill(self, order: Placed, shares: int, price: str, *, is_told: bool = True) -> None:
        """Let a part of an order trade."""
        self._count += 1
        exec_id = f"0000e0d5.{self._count:08x}.01.01"
        order.fills.append((exec_id, str(shares), price, self.commission))
        order.filled += shares
        sign = 1 if order.action == "BUY" else -1
        self.shares[order.symbol] = self.shares.get(order.symbol, Decimal(0)) + sign * shares
        self.cash -= sign * shares * Decimal(price) + Decimal(self.commission or 0)
        if order.filled == int(order.qty) and order.status not in _DONE:
            order.status = "Filled"
        if is_told:
            self.tell_fill(order, order.fills[-1])
            self.tell_status(order)

    def tell_fill(self, order: Placed, fill: tuple[str, str, str, str], number: int = -1) -> None:
        exec_id, shares, price, commission = fill
        side = "BOT" if order.action == "BUY" else "SLD"
        self.tell(
            *(11, number, order.order_id, *order.contract[:6], "", "NASDAQ", "USD"),
            *(order.symbol, "NMS", exec_id, "20261126 10:00:01 US/Eastern", ACCOUNT, "NASDAQ"),
            *(side, shares, price, order.perm_id, order.client, 0, order.filled, price),
            *(order.ref, "", "", "", 2, 0),
        )
        if commission:
            self.tell(59, 1, exec_id, commission, "USD", LARGEST, LARGEST, "")

    def tell_status(self, order: Placed) -> None:
        left = int(order.qty) - order.filled
        self.tell(
            *(3, order.order_id, order.status, order.filled, left, "0.0", order.perm_id, 0),
            *("0.0", order.client, "", "0.0"),
        )

    def tell_open(self, order: Placed) -> None:
        if self.garbles_orders:
            self.tell(5, order.order_id, "in another layout")
            return
        self.tell(
            *(5, order.order_id, *order.contract, *order.terms, order.ref, order.client),
            *(order.perm_id, 0, 0, 0, "", "", "", "", ""),
            # Model to the delta-neutral order's price: twenty-nine, none of them ours.
            *("", "", "", LARGEST, "", 0, "", -1, 0, LARGEST, LARGEST, LARGEST, LARGEST, LARGEST),
            *(0, 0, 0, 0, 2147483647, 3, 0, 0, LARGEST, 0, 0, LARGEST, 0, "None", ""),
            # A delta-neutral order of type "None" has its eight fields all the same.
            *(0, "", "", "", "?", 0, 0, ""),
            *(0, 0, LARGEST, LARGEST, LARGEST, 2147483647, "", 0, 0, 0),
            *(2147483647, 2147483647, LARGEST, "", 0, "", "IB", 0, 0, "", 0, 0, order.status),
            *([LARGEST] * 12),
            *("", "", 0, 0, 0, "None", LARGEST, LARGEST, LARGEST, LARGEST, LARGEST, LARGEST),
            *(0, "", "", "", "0", 0, 0, 0, 0, 0, 2147483647, "", 2147483647, 2147483647),
            *(LARGEST, LARGEST, LARGEST),
        )
        self.tell_status(order)

    def tell_closed(self, order: Placed) -> None:
        self.tell(
            *(101, *order.contract, *order.terms, order.ref, order.perm_id),
            *(0, 0, 0, "", "", "", ""),
            *("", "", "", LARGEST, "", 0, "", -1, LARGEST, LARGEST, LARGEST, LARGEST, LARGEST),
            *(0, 0, 0, 2147483647, 3, 0, LARGEST, 0, "None", "", 0, 0, 0, ""),
            *(0, 0, LARGEST, LARGEST, "", 0, 0, 0),
            *(2147483647, 2147483647, LARGEST, "", "", "IB", 0, 0, "", 0, order.status, 0, 0, 0),
            *(LARGEST, LARGEST, "0", 0, 0, "", order.filled, 0, 0, "", 0, 0, ""),
            *("20261126 10:00:02 US/Eastern", order.status),
            *(2147483647, 2147483647, LARGEST, LARGEST, LARGEST),
        )

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            assert await reader.readexactly(4) == b"API\0"
            versions = await self._read(reader)
            assert versions[0].startswith("v157..")
            writer.write(frame(VERSION, "20261126 09:30:00 US/Eastern"))
            self._writers.add(writer)
            while True:
                self._hear(await self._read(reader), writer)
                await writer.drain()
        self._writers.discard(writer)
        writer.close()

    @staticmethod
    async def _read(reader: asyncio.StreamReader) -> list[str]:
        size = int.from_bytes(await reader.readexactly(4), "big")
        return (await reader.readexactly(size)).decode().split("\0")

    def _hear(self, told: list[str], writer: asyncio.StreamWriter) -> None:
        kind = int(told[0])
        self.heard = [*self.heard[-9:], told]
        if kind == 71:
            self._clients[writer] = int(told[2])
            self.tell(15, 1, self.accounts)
            self.tell(9, 1, self.next_id)
        elif kind == 3:
            self._place(told, writer)
        elif kind == 4:
            self._cancel(int(told[2]))
        elif kind == 9:
            self._contract(int(told[2]), told[4])
        elif kind == 1:
            self._watch(int(told[2]), told[4], is_once=told[-4] == "1")
        elif kind == 2:
            self.watching.pop(int(told[2]), None)
        elif kind == 61:
            self._tell_shares()
        elif kind == 62:
            self._tell_cash(int(told[2]))
        elif kind in {7, 16, 99}:
            self._list(kind, told)

    def _tell_cash(self, number: int) -> None:
        if not self.is_secretive:
            for tag, amount, currency in (
                ("NetLiquidationByCurrency", "250000", "USD"),
                ("CashBalance", self.cash, "USD"),
                ("CashBalance", self.cash, "BASE"),
            ):
                self.tell(63, 1, number, ACCOUNT, tag, amount, currency)
            self.tell(63, 1, number, "DU7654321", "CashBalance", "5", "USD")
        self.tell(64, 1, number)

    def _tell_shares(self) -> None:
        for symbol, amount in self.shares.items():
            contract = [CONTRACTS[symbol], symbol, "STK", "", "0", "?", "", "", "USD", symbol]
            self.tell(61, 3, ACCOUNT, *contract, "NMS", amount, "150.0")
        self.tell(
            61,
            3,
            "DU7654321",
            265598,
            "AAPL",
            "STK",
            "",
            "0",
            "?",
            "",
            "",
            "USD",
            "AAPL",
            "NMS",
            "99",
            "150.0",
        )
        self.tell(62, 1)

    def _list(self, kind: int, told: list[str]) -> None:
        for one in self.orders:
            if kind == 7:
                for fill in one.fills:
                    self.tell_fill(one, fill, int(told[2]))
            elif kind == 99 and one.status in _DONE:
                self.tell_closed(one)
            elif kind == 16 and one.status not in _DONE:
                self.tell_open(one)
        self.tell(*{7: (55, 1, told[2] if kind == 7 else 0), 16: (53, 1), 99: (102,)}[kind])

    def _place(self, told: list[str], writer: asyncio.StreamWriter) -> None:
        if self.loses_orders:
            self.cut()
            return
        order_id = int(told[1])
        order = Placed(
            client=self._clients[writer],
            order_id=order_id,
            perm_id=1_870_000_000 + len(self.placed),
            symbol=told[3],
            action=told[16],
            qty=told[17],
            kind=told[18],
            price=told[19],
            tif=told[21],
            ref=told[26],
        )
        assert told[23] == ACCOUNT
        self.placed.append(order)
        self.next_id = max(self.next_id, order_id + 1)
        if self.refuses is not None:
            self.say(*self.refuses, number=order_id)
            return
        self.orders.append(order)
        if self.hangs_up_on_orders:
            if self.fills_at:
                self.fill(order, int(order.qty), self.fills_at, is_told=False)
            self.cut()
            return
        self.tell_open(order)
        if self.warns is not None:
            self.say(*self.warns, number=order_id)
        if self.fills_at:
            self.fill(order, int(order.qty), self.fills_at)

    def _cancel(self, order_id: int) -> None:
        found = [one for one in self.orders if one.order_id == order_id]
        if self.refuses_cancels is not None:
            self.say(*self.refuses_cancels, number=order_id)
        elif not found:
            self.say(
                10147, f"OrderId {order_id} that needs to be cancelled is not found.", order_id
            )
        elif found[-1].status in _DONE:
            self.say(10148, f"OrderId {order_id} cannot be cancelled, state: Filled.", order_id)
        else:
            found[-1].status = "Cancelled"
            self.tell_status(found[-1])
            self.say(202, "Order Canceled - reason:", order_id)

    def _contract(self, number: int, symbol: str) -> None:
        if symbol not in CONTRACTS:
            self.say(200, "No security definition has been found for the request", number)
            return
        self.tell(
            *(10, number, symbol, "STK", "", "0", "", "SMART", "USD", symbol, "NMS", "NMS"),
            *(CONTRACTS[symbol], "0.01", "", "LMT,MKT", "SMART,NASDAQ", 1, 0, symbol, "NASDAQ"),
            *("", "", "", "", "US/Eastern", "", "", "", "0", 0, 1, "", "", "26", "", "COMMON"),
            *("0.0001", "0.0001", "100"),
        )
        self.tell(52, 1, number)

    def _watch(self, number: int, symbol: str, *, is_once: bool) -> None:
        if not is_once:
            self.watching[number] = symbol
        self.tell(58, 1, number, self.data_type)
        self.tell_quote(number)
        if is_once:
            self.tell(57, 1, number)

    def tell_quote(self, number: int) -> None:
        bid, bid_size, ask, ask_size = self.quote
        self.tell(1, 6, number, 1, bid, bid_size, 1)
        self.tell(1, 6, number, 2, ask, ask_size, 1)


@asynccontextmanager
async def running_tws() -> AsyncGenerator[Tws]:
    """Run a TWS until the block ends."""
    tws = Tws()
    await tws.open()
    try:
        yield tws
    finally:
        await tws.close()
