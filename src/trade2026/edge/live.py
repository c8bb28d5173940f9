"""The routes of the live gateway: how it stands, its mode, the panic button and the way back.

Everything that changes something is in the gateway's log with who asked for it and why.
"""

from typing import Annotated, Any

import msgspec
from litestar import Request, get, post
from litestar.handlers import BaseRouteHandler
from litestar.params import Parameter
from litestar.status_codes import HTTP_200_OK

from trade2026.core.clock import Clock
from trade2026.desk.live import LiveDesk
from trade2026.desk.live_balances import LiveBalances
from trade2026.domain.live.order import LiveOrder
from trade2026.domain.live.rules import cap_of
from trade2026.edge import exact
from trade2026.edge.exact import Exact
from trade2026.edge.words import read_word
from trade2026.model.live import LiveMode, ShadowFilled
from trade2026.shell.access import is_visible, needs, principal_of

AnyRequest = Request[Any, Any, Any]

Why = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
Count = Annotated[int, Parameter(ge=1, le=1_000)]


class LiveReply(msgspec.Struct, frozen=True, kw_only=True):
    """How the gateway stands. Amounts are in the quote asset."""

    exchange: str
    """ccxt's name of it; empty where none is configured."""
    problem: str
    """Why it is not there; empty while it is."""
    mode: LiveMode
    ceiling: LiveMode
    """The highest mode that the configuration allows."""
    panic: bool
    changed_by: str
    """Who set the mode last, pressed the panic button or let it out."""
    reason: str
    breaker: str
    """Why nothing is sent at the moment; empty while the breaker lets orders through."""
    sent_today: Exact
    cap_today: Exact
    """By the day of the ramp; zero while nothing is sent."""
    lost_today: Exact
    """By the day's own fills at the exchange's middle price; negative is a gain."""
    loss_cap: Exact
    open_orders: int
    in_doubt: int
    """Of which the exchange has not said that it has them."""
    accounts: tuple[str, ...]
    """Whose orders may be sent."""


class ModeRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST /live/mode`."""

    mode: str
    reason: Why
    confirm: str = ""
    """The code that the first call gave; not needed to lower the mode."""


class ModeReply(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a change of the mode."""

    mode: LiveMode
    """As it stands now."""
    confirm: str
    """Name this code to raise the mode; empty where the change is done."""
    confirm_until_ns: int | None


class WhyRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST /live/panic` and `POST /live/resume`."""

    reason: Why


class PanicReply(msgspec.Struct, frozen=True, kw_only=True):
    """What the panic button did."""

    cancelling: int
    """Orders whose cancel is under way."""


class OpeningReply(msgspec.Struct, frozen=True, kw_only=True):
    """What the exchange's account had, as it is written down."""

    exchange: str
    ts_ns: int
    balances: dict[str, Exact]
    """Free and held together, by asset."""


class LiveOrderReply(msgspec.Struct, frozen=True, kw_only=True):
    """One order at the gateway."""

    order_id: str
    account: str
    symbol: str
    route: LiveMode
    """The mode it was taken in under, which says what becomes of it."""
    client_id: str
    """Its name at the exchange; empty where nothing was sent."""
    venue_order_id: str
    quantity: Exact
    sent_quantity: Exact
    """What went to the exchange under its present name."""
    filled_quantity: Exact
    shadow_quantity: Exact
    """What is hypothetical."""
    shadow_filled_quantity: Exact
    """What of it would have traded."""
    in_doubt: bool
    done: bool


class ShadowFillReply(msgspec.Struct, frozen=True, kw_only=True):
    """A fill that would have been. Nothing is booked for it."""

    order_id: str
    account: str
    symbol: str
    quantity: Exact
    price: Exact
    maker: bool
    hypothetical: bool
    """Always true."""
    ts_ns: int


def live_routes(desk: LiveDesk, clock: Clock) -> list[BaseRouteHandler]:
    """Return how the gateway stands, and what may be done about it."""
    state = desk.state

    @get("/live", opt=needs("live:read"))
    async def live() -> LiveReply:
        """Return mode, breaker, panic, and what the day has brought."""
        now_ns, word = clock.now_ns(), state.last_word
        day = state.day(now_ns, desk.market.mids)
        return LiveReply(
            exchange=desk.exchange.name,
            problem=desk.problem,
            mode=state.mode,
            ceiling=state.rules.ceiling,
            panic=state.is_panicked,
            changed_by="" if word is None else word.asked_by,
            reason="" if word is None else word.reason,
            breaker=state.breaker.problem(now_ns),
            sent_today=exact.write(day.sent),
            cap_today=exact.write(cap_of(state.rules, day)),
            lost_today=exact.write(day.lost),
            loss_cap=exact.write(state.rules.daily_loss),
            open_orders=sum(1 for _ in state.open_orders()),
            in_doubt=sum(1 for order in state.open_orders() if order.is_in_doubt),
            accounts=tuple(sorted(state.rules.accounts)),
        )

    @post("/live/mode", opt=needs("live:control"), status_code=HTTP_200_OK)
    async def set_mode(request: AnyRequest, data: ModeRequest) -> ModeReply:
        """Lower the mode at once, or raise it by one step in two calls.

        The first call to raise it answers with a code; the same call again with the code in
        `confirm`, by the same person within a minute, raises it.
        """
        armed = await desk.modes.set_mode(
            read_word(LiveMode, data.mode, "mode"),
            asked_by=principal_of(request).subject,
            reason=data.reason,
            code=data.confirm,
        )
        return ModeReply(
            mode=state.mode,
            confirm="" if armed is None else armed.code,
            confirm_until_ns=None if armed is None else armed.until_ns,
        )

    @post("/live/panic", opt=needs("live:control"), status_code=HTTP_200_OK)
    async def panic(request: AnyRequest, data: WhyRequest) -> PanicReply:
        """Stop everything new at the exchange, and cancel everything that is open there."""
        asked_by = principal_of(request).subject
        return PanicReply(cancelling=await desk.panic(asked_by=asked_by, reason=data.reason))

    @post("/live/resume", opt=needs("live:control"), status_code=HTTP_200_OK)
    async def resume(request: AnyRequest, data: WhyRequest) -> ModeReply:
        """Let the panic button out, once nothing is open at the exchange; the mode stays SHADOW."""
        await desk.modes.resume(asked_by=principal_of(request).subject, reason=data.reason)
        return ModeReply(mode=state.mode, confirm="", confirm_until_ns=None)

    return [live, set_mode, panic, resume]


def balance_routes(balances: LiveBalances) -> list[BaseRouteHandler]:
    """Return what may be done about the opening balance."""

    @post("/live/opening", opt=needs("live:control"), status_code=HTTP_200_OK)
    async def opening(request: AnyRequest, data: WhyRequest) -> OpeningReply:
        """Write down what there is at the exchange as the opening balance, in place of the old.

        For what was deposited, paid out or traded there by somebody else and is all right. It
        is refused while orders of ours are open there.
        """
        asked_by = principal_of(request).subject
        event = await balances.open(asked_by=asked_by, reason=data.reason)
        return OpeningReply(
            exchange=event.exchange,
            ts_ns=event.ts_ns,
            balances={one.asset: exact.write(one.free + one.held) for one in event.balances},
        )

    return [opening]


def record_routes(desk: LiveDesk) -> list[BaseRouteHandler]:
    """Return what became of orders at the gateway."""
    state = desk.state

    @get("/live/orders", opt=needs("live:read"))
    async def orders(request: AnyRequest, limit: Count = 100) -> list[LiveOrderReply]:
        """Return the newest orders at the gateway, newest first."""
        newest = [o for o in state.orders.values() if is_visible(request, o.request.account)]
        return [_order_reply(order) for order in reversed(newest[-limit:])]

    @get("/live/shadow", opt=needs("live:read"))
    async def shadow(request: AnyRequest, limit: Count = 100) -> list[ShadowFillReply]:
        """Return the newest hypothetical fills, newest first."""
        shown = [
            _fill_reply(fill, state.orders[fill.order_id])
            for fill in state.shadow_fills
            if fill.order_id in state.orders
        ]
        seen = [one for one in shown if is_visible(request, one.account)]
        return list(reversed(seen[-limit:]))

    return [orders, shadow]


def _order_reply(order: LiveOrder) -> LiveOrderReply:
    request = order.request
    return LiveOrderReply(
        order_id=request.order_id,
        account=request.account,
        symbol=request.symbol,
        route=order.route,
        client_id=order.client_id,
        venue_order_id=order.venue_order_id,
        quantity=exact.write(request.order_qty),
        sent_quantity=exact.write(order.sent_qty),
        filled_quantity=exact.write(order.cum_qty),
        shadow_quantity=exact.write(order.shadow_qty),
        shadow_filled_quantity=exact.write(order.shadow_cum_qty),
        in_doubt=order.is_in_doubt,
        done=order.is_done,
    )


def _fill_reply(fill: ShadowFilled, order: LiveOrder) -> ShadowFillReply:
    return ShadowFillReply(
        order_id=fill.order_id,
        account=order.request.account,
        symbol=order.request.symbol,
        quantity=exact.write(fill.last_qty),
        price=exact.write(fill.last_px),
        maker=fill.is_maker,
        hypothetical=True,
        ts_ns=fill.ts_ns,
    )
