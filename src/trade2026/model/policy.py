"""What a user's own policy for orders is asked, and what it answers.

Numbers are exact decimal texts, such as ``0.001``: a policy's engine must not round them.
"""

from typing import Annotated

import msgspec

from trade2026.core.clock import TimeNs

Word = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
Brief = Annotated[str, msgspec.Meta(max_length=100)]


class AskedOrder(msgspec.Struct, frozen=True, kw_only=True):
    """The order that is judged: `input.order`."""

    order_id: str
    account: str
    strategy: str
    venue: str
    symbol: str
    side: str
    type: str
    time_in_force: str
    quantity: str
    price: str | None
    stop_price: str | None
    opening_quantity: str
    """Of the quantity, what makes the position larger; the rest reduces it."""
    opening_value: str
    """What that is worth at the dearest price it may reasonably trade at."""
    post_only: bool
    reduce_only: bool
    sent_by: str
    metadata: dict[str, str]


class AskedAccount(msgspec.Struct, frozen=True, kw_only=True):
    """The order's account, in the base currency: `input.account`."""

    id: str
    is_open: bool
    equity: str
    margin: str
    """Bound by what it holds."""
    reserved: str
    """Held for its open orders."""
    buying_power: str
    open_orders: int
    daily_loss: str
    drawdown_bps: int


class AskedPosition(msgspec.Struct, frozen=True, kw_only=True):
    """The account's position in the order's symbol: `input.position`."""

    quantity: str
    """Signed."""
    unrealized_pnl: str
    open_buy_quantity: str
    open_sell_quantity: str


class AskedExposure(msgspec.Struct, frozen=True, kw_only=True):
    """Of the account: `input.exposure`."""

    gross: str
    """With what open orders may add."""
    net: str


class AskedMode(msgspec.Struct, frozen=True, kw_only=True):
    """The mode of trading that binds the order: `input.mode`."""

    mode: str
    scope: str


class AskedReference(msgspec.Struct, frozen=True, kw_only=True):
    """The prices the order is judged by: `input.reference`; null where there are none."""

    bid: str | None
    ask: str | None
    price: str | None
    """What an order of its side would meet."""
    age_ms: int | None


class OrderQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """The `input` of a policy for orders."""

    now_ns: TimeNs
    order: AskedOrder
    account: AskedAccount
    position: AskedPosition
    positions: dict[str, str]
    """All that the account holds: signed quantities by symbol."""
    exposure: AskedExposure
    mode: AskedMode
    reference: AskedReference


class PolicyWord(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One reason against an order: an object of the policy's `refusals`."""

    rule: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    message: Word
    asked: Brief = ""
    limit: Brief = ""
    would_pass: Brief = ""
