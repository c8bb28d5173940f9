"""What a user's own policy is asked of an order, and what its answer means to risk."""

from collections.abc import Iterable, Mapping

from trade2026.core.clock import NS_PER_MS, TimeNs
from trade2026.core.numbers import format_nanos
from trade2026.domain.risk import changing
from trade2026.domain.risk.book import RiskBook
from trade2026.domain.risk.check import RiskView, free_margin, sized
from trade2026.domain.risk.checks import mode
from trade2026.model.order import NewOrderSingle
from trade2026.model.policy import (
    AskedAccount,
    AskedExposure,
    AskedMode,
    AskedOrder,
    AskedPosition,
    AskedReference,
    OrderQuestion,
    PolicyWord,
)
from trade2026.model.risk import Refusal, RefusalCode


def has_say(book: RiskBook, order: NewOrderSingle) -> bool:
    """Return whether the user's own policy is asked of *order*.

    What is approved already is not judged again; and what the kill switch closes must get
    through even where the policy is broken.
    """
    is_held = order.order_id in book.accounts.get(order.account).reservations
    return not is_held and not mode.is_closing(order)


def question(book: RiskBook, order: NewOrderSingle, now_ns: TimeNs) -> OrderQuestion:
    """Return what the policy is asked of *order*."""
    held = book.accounts.get(order.account).quantities()
    return question_of(order, book.view(order, now_ns), held, now_ns)


def question_of_change(
    book: RiskBook, order: NewOrderSingle, now_ns: TimeNs
) -> OrderQuestion | None:
    """Return what the policy is asked of an open order as it shall be: of what is left of it.

    None where it has no say: nothing would be left, or the change asks for nothing more.
    """
    account = book.accounts.get(order.account)
    held = account.reservations.get(order.order_id)
    if held is None or not changing.is_larger(order, held):
        return None
    left = changing.what_is_left(order, held, now_ns)
    if left.order_qty <= 0:
        return None
    return changing.without(
        account,
        held,
        lambda: question_of(left, book.view(left, now_ns), account.quantities(), now_ns),
    )


def question_of(
    order: NewOrderSingle, view: RiskView, held: Mapping[str, int], now_ns: TimeNs
) -> OrderQuestion:
    """Return the question whether *order* may pass.

    Args:
        order: as it is judged.
        view: its account and market at that moment.
        held: all that the account holds, in nanos by symbol.
        now_ns: the moment.
    """
    age_ns = view.reference_age_ns
    return OrderQuestion(
        now_ns=now_ns,
        order=_order(order, view),
        account=AskedAccount(
            id=order.account,
            is_open=view.is_account_open,
            equity=format_nanos(view.equity),
            margin=format_nanos(view.bound_margin),
            reserved=format_nanos(view.reserved),
            buying_power=format_nanos(free_margin(view)),
            open_orders=view.open_order_count,
            daily_loss=format_nanos(view.losses.daily),
            drawdown_bps=view.losses.drawdown_bps,
        ),
        position=AskedPosition(
            quantity=format_nanos(view.position_qty),
            unrealized_pnl=format_nanos(view.position_pnl),
            open_buy_quantity=format_nanos(view.open_buy_qty),
            open_sell_quantity=format_nanos(view.open_sell_qty),
        ),
        positions={symbol: format_nanos(quantity) for symbol, quantity in held.items()},
        exposure=AskedExposure(
            gross=format_nanos(view.gross_exposure), net=format_nanos(view.net_exposure)
        ),
        mode=AskedMode(mode=view.mode, scope=view.mode_scope),
        reference=AskedReference(
            bid=_optional(view.bid_px),
            ask=_optional(view.ask_px),
            price=_optional(view.reference_px(order.side)),
            age_ms=None if age_ns is None else age_ns // NS_PER_MS,
        ),
    )


def refusals_of(words: Iterable[PolicyWord]) -> tuple[Refusal, ...]:
    """Return the policy's reasons as refusals, in the order of their rules' names."""
    ordered = sorted(words, key=lambda word: (word.rule, word.message))
    return tuple(
        Refusal(
            code=RefusalCode.POLICY,
            text=f"{word.rule}: {word.message}",
            asked=word.asked,
            limit=word.limit,
            would_pass=word.would_pass,
        )
        for word in ordered
    )


def unanswered(why: str) -> tuple[Refusal, ...]:
    """Return the refusal of an order that the policy did not judge: in doubt, refuse."""
    return (Refusal(code=RefusalCode.POLICY_UNAVAILABLE, text=f"no word of the policy: {why}"),)


def _order(order: NewOrderSingle, view: RiskView) -> AskedOrder:
    asked = sized(order, view)
    return AskedOrder(
        order_id=order.order_id,
        account=order.account,
        strategy=order.strategy,
        venue=order.venue,
        symbol=order.symbol,
        side=order.side,
        type=order.ord_type,
        time_in_force=order.time_in_force,
        quantity=format_nanos(order.order_qty),
        price=_optional(order.price),
        stop_price=_optional(order.stop_px),
        opening_quantity=format_nanos(asked.opening_qty),
        opening_value=format_nanos(asked.opening_value),
        post_only=order.is_post_only,
        reduce_only=order.is_reduce_only,
        sent_by=order.sent_by,
        metadata=dict(order.metadata),
    )


def _optional(nanos: int | None) -> str | None:
    return None if nanos is None else format_nanos(nanos)
