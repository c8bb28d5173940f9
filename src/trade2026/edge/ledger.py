"""The routes of the ledger: its hash, cash by currency, entries, lots."""

from typing import Annotated, Any, Final

import msgspec
from litestar import Request, get
from litestar.handlers import BaseRouteHandler
from litestar.params import Parameter

from trade2026.core.errors import InvalidInputError
from trade2026.core.numbers import average_px, money_half_even
from trade2026.desk.ledger import LedgerDesk
from trade2026.domain.position.account import Account
from trade2026.domain.position.entry import Entry, Posting
from trade2026.domain.position.lots import Lot
from trade2026.edge import exact
from trade2026.edge.exact import Exact
from trade2026.model.position import LotMethod, PositionKey
from trade2026.shell.access import is_visible, needs, require_account

AnyRequest = Request[Any, Any, Any]

PAGE_LIMIT: Final = 500
CURSOR_DIGITS_MAX: Final = 18
Limit = Annotated[int, Parameter(ge=1, le=PAGE_LIMIT, description="Most to return.")]
Cursor = Annotated[str | None, Parameter(description="`next_cursor` of the page before.")]


class BalanceReply(msgspec.Struct, frozen=True, kw_only=True):
    """What an account has of one currency."""

    currency: str
    cash: Exact
    deposits: Exact
    rate: Exact
    """What one unit is worth in the base currency; null where nobody said."""


class AccountReply(msgspec.Struct, frozen=True, kw_only=True):
    """An account's cash; `cash` and `deposits` are those of the base currency."""

    account: str
    cash: Exact
    deposits: Exact
    lot_method: LotMethod
    balances: list[BalanceReply]


class PostingReply(msgspec.Struct, frozen=True, kw_only=True):
    """One line: debit is positive, credit negative."""

    account: str
    currency: str
    amount: Exact
    """With all of its up to eighteen decimal places."""


class EntryReply(msgspec.Struct, frozen=True, kw_only=True):
    """What one event of the log did; its postings come to nothing in every currency."""

    journal_seq: int
    ts_ns: int
    kind: str
    reference: str
    postings: list[PostingReply]


class LedgerReply(msgspec.Struct, frozen=True, kw_only=True):
    """The ledger as a whole, to be compared with one that is folded again from the log."""

    journal_seq: int
    """Sequence in the log of orders of the last event booked."""
    digest: str
    """SHA-256 over every position and every account."""
    accounts: list[AccountReply]
    """Those the sender may see."""
    entries: list[EntryReply]
    """Of the account asked for, oldest first; the newest 10,000 are kept."""
    next_cursor: str | None
    trial_balance: list[PostingReply]
    """The sum of all that was ever posted on the account asked for."""


class LotReply(msgspec.Struct, frozen=True, kw_only=True):
    """Units that were opened together and are not sold yet."""

    strategy: str
    venue: str
    symbol: str
    quantity: Exact
    price: Exact


def ledger_routes(desk: LedgerDesk) -> list[BaseRouteHandler]:
    """Return the routes of the ledger (ptrc)."""

    @get("/ledger", opt=needs("positions:read"))
    async def ledger(
        request: AnyRequest,
        account: str | None = None,
        cursor: Cursor = None,
        limit: Limit = 100,
    ) -> LedgerReply:
        """Return the ledger's place in the log, its hash, cash, and an account's entries."""
        own: tuple[Entry, ...] = ()
        totals: tuple[Posting, ...] = ()
        if account is not None:
            require_account(request, account)
            own = desk.ledger.entries(account, after=_after(cursor), limit=limit + 1)
            totals = desk.ledger.trial_balance(account)
        page = list(own[:limit])
        return LedgerReply(
            journal_seq=desk.ledger.seq,
            digest=desk.ledger.digest(),
            accounts=[
                _account(one) for one in desk.ledger.accounts() if is_visible(request, one.account)
            ],
            entries=[_entry(one) for one in page],
            next_cursor=str(page[-1].journal_seq) if len(own) > limit else None,
            trial_balance=[_posting(one) for one in totals],
        )

    @get("/lots/{account:str}", opt=needs("positions:read"))
    async def lots(request: AnyRequest, account: str) -> list[LotReply]:
        """List the lots of an account's open positions, oldest first."""
        require_account(request, account)
        found = desk.ledger.lots(account)
        return [_lot(key, lot) for key, lots in found.items() for lot in lots]

    return [ledger, lots]


def _after(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= CURSOR_DIGITS_MAX):
        raise InvalidInputError("cursor", "is not one of ours")
    return int(cursor)


def _account(account: Account) -> AccountReply:
    return AccountReply(
        account=account.account,
        cash=exact.write(money_half_even(account.cash)),
        deposits=exact.write(money_half_even(account.deposits)),
        lot_method=account.method,
        balances=[
            BalanceReply(
                currency=one.currency,
                cash=exact.write(money_half_even(one.cash)),
                deposits=exact.write(money_half_even(one.deposits)),
                rate=exact.write_optional(one.rate),
            )
            for one in account.balances
        ],
    )


def _entry(entry: Entry) -> EntryReply:
    return EntryReply(
        journal_seq=entry.journal_seq,
        ts_ns=entry.ts_ns,
        kind=entry.kind,
        reference=entry.reference,
        postings=[_posting(one) for one in entry.postings],
    )


def _posting(posting: Posting) -> PostingReply:
    return PostingReply(
        account=posting.account,
        currency=posting.currency,
        amount=exact.write_value(posting.amount),
    )


def _lot(key: PositionKey, lot: Lot) -> LotReply:
    return LotReply(
        strategy=key.strategy,
        venue=key.venue,
        symbol=key.symbol,
        quantity=exact.write(lot.quantity),
        price=exact.write_optional(average_px(lot.cost, lot.quantity)),
    )
