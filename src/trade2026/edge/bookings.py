"""The routes by which an administrator books what no venue reports.

Each takes a `key`: the same key again books nothing more and answers the same. What belongs to
an instrument is booked on every account that is named, or on all there are.
"""

from typing import Annotated, Any

import msgspec
from litestar import Request, post
from litestar.handlers import BaseRouteHandler
from litestar.status_codes import HTTP_201_CREATED

from trade2026.core.errors import InvalidInputError
from trade2026.core.ids import AccountId, EventId, StrategyId
from trade2026.core.numbers import Money, Px
from trade2026.desk.ledger import LedgerDesk
from trade2026.edge import exact
from trade2026.edge.exact import Exact
from trade2026.edge.words import read_key, read_word
from trade2026.model.booking import (
    AnyBooking,
    CashMoved,
    DividendBooked,
    FundingBooked,
    LotMethodSet,
    RateSet,
    SplitBooked,
)
from trade2026.model.instrument import PRISM
from trade2026.model.position import BASE_CURRENCY, LotMethod
from trade2026.shell.access import needs, principal_of, require_account

AnyRequest = Request[Any, Any, Any]

Why = Annotated[str, msgspec.Meta(max_length=256)]
SplitTerm = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]


class _Booking(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    key: str = ""
    """Yours: sent again it books nothing more. Made up where you give none."""
    text: Why = ""


class FundingRequest(_Booking, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST /ledger/funding`."""

    account: str = "default"
    strategy: str = "manual"
    venue: str = PRISM
    symbol: str
    amount: Exact
    """In the currency of the instrument: received is positive, paid is negative."""


class DividendRequest(_Booking, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST /ledger/dividends`."""

    accounts: list[str] = []
    """Empty: every account."""
    venue: str = PRISM
    symbol: str
    per_unit: Exact


class SplitRequest(_Booking, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST /ledger/splits`: 4 for 1 is numerator 4, denominator 1."""

    accounts: list[str] = []
    """Empty: every account."""
    venue: str = PRISM
    symbol: str
    numerator: SplitTerm
    denominator: SplitTerm = 1


class RateRequest(_Booking, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST /ledger/rates`: what one unit is worth in the base currency."""

    accounts: list[str] = []
    """Empty: every account."""
    currency: str
    rate: Exact


class TransferRequest(_Booking, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST /ledger/transfers`; an empty side is outside the platform."""

    from_account: str = ""
    to_account: str = ""
    currency: str = BASE_CURRENCY
    amount: Exact
    """Positive."""


class MethodRequest(_Booking, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST /ledger/lot-method`."""

    account: str = "default"
    method: str
    """AVERAGE, FIFO or LIFO."""


class BookedReply(msgspec.Struct, frozen=True, kw_only=True):
    """What was booked is in the log."""

    key: str
    accounts: list[str]
    journal_seq: int
    """Sequence of the last of it; the ledger has booked it when it stands there."""


def booking_routes(desk: LedgerDesk) -> list[BaseRouteHandler]:
    """Return the routes that book (ptrc)."""
    return [*_money_routes(desk), *_action_routes(desk)]


def _money_routes(desk: LedgerDesk) -> list[BaseRouteHandler]:
    @post("/ledger/funding", opt=needs("ledger:write"), status_code=HTTP_201_CREATED)
    async def funding(request: AnyRequest, data: FundingRequest) -> BookedReply:
        """Book funding that was paid or received for a position."""
        pen = _Pen(desk, request, data)
        event = FundingBooked(
            **pen.head(data.account),
            strategy=StrategyId(read_key(data.strategy, "strategy")),
            venue=read_key(data.venue, "venue"),
            symbol=read_key(data.symbol, "symbol"),
            amount=exact.read_money(data.amount, "amount"),
        )
        return await pen.write(event)

    @post("/ledger/transfers", opt=needs("ledger:write"), status_code=HTTP_201_CREATED)
    async def transfer(request: AnyRequest, data: TransferRequest) -> BookedReply:
        """Move cash between two accounts, in from outside, or out."""
        pen = _Pen(desk, request, data)
        amount = exact.read_money(data.amount, "amount")
        if amount <= 0:
            raise InvalidInputError("amount", "must be positive")
        if data.from_account == data.to_account:
            raise InvalidInputError("to_account", "must be another than from_account")
        currency = read_key(data.currency, "currency")
        events: list[AnyBooking] = []
        for account, other, signed in (
            (data.from_account, data.to_account, -amount),
            (data.to_account, data.from_account, amount),
        ):
            if account:
                event = CashMoved(
                    **pen.head(account),
                    currency=currency,
                    amount=Money(signed),
                    counter_account=other,
                )
                events.append(event)
        return await pen.write(*events)

    @post("/ledger/rates", opt=needs("ledger:write"), status_code=HTTP_201_CREATED)
    async def rate(request: AnyRequest, data: RateRequest) -> BookedReply:
        """Say what a currency is worth from here on."""
        pen = _Pen(desk, request, data)
        currency, worth = read_key(data.currency, "currency"), _positive(data.rate, "rate")
        if currency == BASE_CURRENCY:
            raise InvalidInputError("currency", "is the base currency: it is worth one")
        return await pen.write(
            *(
                RateSet(**pen.head(account), currency=currency, rate=worth)
                for account in pen.each(data.accounts)
            )
        )

    return [funding, transfer, rate]


def _action_routes(desk: LedgerDesk) -> list[BaseRouteHandler]:
    @post("/ledger/dividends", opt=needs("ledger:write"), status_code=HTTP_201_CREATED)
    async def dividend(request: AnyRequest, data: DividendRequest) -> BookedReply:
        """Pay a dividend on every position in the symbol; a short position owes it."""
        pen = _Pen(desk, request, data)
        venue, symbol = read_key(data.venue, "venue"), read_key(data.symbol, "symbol")
        per_unit = _positive(data.per_unit, "per_unit")
        return await pen.write(
            *(
                DividendBooked(**pen.head(account), venue=venue, symbol=symbol, per_unit=per_unit)
                for account in pen.each(data.accounts)
            )
        )

    @post("/ledger/splits", opt=needs("ledger:write"), status_code=HTTP_201_CREATED)
    async def split(request: AnyRequest, data: SplitRequest) -> BookedReply:
        """Split every position in the symbol; costs stay."""
        pen = _Pen(desk, request, data)
        venue, symbol = read_key(data.venue, "venue"), read_key(data.symbol, "symbol")
        return await pen.write(
            *(
                SplitBooked(
                    **pen.head(account),
                    venue=venue,
                    symbol=symbol,
                    numerator=data.numerator,
                    denominator=data.denominator,
                )
                for account in pen.each(data.accounts)
            )
        )

    @post("/ledger/lot-method", opt=needs("ledger:write"), status_code=HTTP_201_CREATED)
    async def lot_method(request: AnyRequest, data: MethodRequest) -> BookedReply:
        """Sell an account's units by another method from here on."""
        pen = _Pen(desk, request, data)
        method = read_word(LotMethod, data.method, "method")
        return await pen.write(LotMethodSet(**pen.head(data.account), method=method))

    return [dividend, split, lot_method]


class _Pen:
    """Writes what one request asks to have booked."""

    def __init__(self, desk: LedgerDesk, request: AnyRequest, data: _Booking) -> None:
        self._desk = desk
        self._request = request
        self._key = read_key(data.key, "key") if data.key else desk.new_key()
        self._text = data.text

    def head(self, account: str) -> dict[str, Any]:
        """Return what every booking says, for one account that the sender may book on."""
        name = AccountId(read_key(account, "account"))
        require_account(self._request, name)
        return {
            "event_id": EventId(f"booking-{name}-{self._key}"),
            "account": name,
            "ts_ns": self._desk.now_ns(),
            "asked_by": principal_of(self._request).subject,
            "text": self._text,
        }

    def each(self, accounts: list[str]) -> list[str]:
        """Return the accounts named, or all there are."""
        return accounts or [one.account for one in self._desk.ledger.accounts()]

    async def write(self, *events: AnyBooking) -> BookedReply:
        """Have them journalled."""
        if not events:
            raise InvalidInputError("accounts", "there is none to book on")
        seq = await self._desk.book(events)
        return BookedReply(
            key=self._key, accounts=[event.account for event in events], journal_seq=seq
        )


def _positive(raw: Exact, field: str) -> Px:
    px = exact.read_px(raw, field)
    if px <= 0:
        raise InvalidInputError(field, "must be positive")
    return px
