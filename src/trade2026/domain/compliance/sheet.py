"""What a day is judged by, and what is found: the vocabulary of the rules."""

import msgspec

from trade2026.core.clock import TimeNs
from trade2026.core.errors import InvalidInputError, InvalidNumberError
from trade2026.core.ids import AccountId, ExecId, OrderId
from trade2026.core.numbers import Money, Px, Qty, SignedQty, Value, parse_number
from trade2026.model.order import Side


class Reference(msgspec.Struct, frozen=True, kw_only=True):
    """What the market was."""

    px: Px
    """The middle of the newest quote from before."""
    age_ns: int
    """How old it was."""


class Trade(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A fill that stands."""

    exec_id: ExecId
    order_id: OrderId
    account: AccountId
    strategy: str
    venue: str
    symbol: str
    side: Side
    qty: Qty
    px: Px
    fee: Money
    fee_asset: str
    ts_ns: TimeNs
    """The venue's time."""
    reference: Reference | None = None
    """The market before it; None where nobody looked, or the log has none."""

    @property
    def value(self) -> Value:
        """Return its size in the quote asset."""
        return Value(self.px * self.qty)


class Placed(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """An order of the day."""

    order_id: OrderId
    account: AccountId
    symbol: str
    is_cancelled_unfilled: bool
    """Whether it was taken back before anything of it traded."""
    venue: str
    price: Px | None
    """Its limit."""
    ts_ns: TimeNs
    """When it came."""
    reference: Reference | None = None
    """The market before it; None where nobody looked, or the log has none."""


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """What an account holds of a symbol at the end of the day, all strategies together."""

    account: AccountId
    symbol: str
    quantity: SignedQty
    value: Value
    """At the last fill of the day, signed."""


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """A day."""

    trades: tuple[Trade, ...]
    """Oldest first."""
    orders: tuple[Placed, ...]
    held: tuple[Held, ...]


class Breach(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that was broken, and by what."""

    rule: str
    """Its name."""
    kind: str
    account: str
    symbol: str
    measured: str
    limit: str
    evidence: tuple[str, ...]
    """Ids of the fills or orders; at most a hundred."""


EVIDENCE_MAX = 100


def read_limit(text: str | int, field: str) -> int:
    """Return a number of the rules, such as ``"0.5"`` or 100, in nanos.

    Raises:
        InvalidInputError: it is no exact number above zero.
    """
    try:
        nanos = parse_number(str(text))
    except InvalidNumberError as error:
        raise InvalidInputError(field, error.why) from error
    if nanos <= 0:
        raise InvalidInputError(field, "not above zero")
    return nanos
