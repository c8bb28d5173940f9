"""Other limits, or another policy, on what happened: which past orders would they have refused?

Two books of risk are folded side by side from the logs: one under the limits that were in force,
one under the limits on trial. Each order is judged by both as of the moment of its own verdict,
by the very checks of a live order, and on the real course of events: an order that the limits on
trial would have refused has traded all the same for those after it.

Where the first book does not come to the verdict that the log has, the logs do not tell enough
of that moment; such an order is told apart and nothing is concluded from it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from trade2026.core.clock import NS_PER_S, TimeNs
from trade2026.core.ids import EventId, OrderId
from trade2026.core.numbers import Px
from trade2026.domain.risk.book import RiskBook
from trade2026.domain.risk.policy_question import question
from trade2026.model.instrument import Instrument
from trade2026.model.journal import JournalEvent, OrderApproved, OrderReceived, OrderRefused
from trade2026.model.market import Quote
from trade2026.model.order import NewOrderSingle
from trade2026.model.policy import OrderQuestion
from trade2026.model.risk import LimitsSet, LimitValues, Refusal, RefusalCode, RiskControl

MOST: Final = 100_000
"""Orders that a list of the findings keeps unless told otherwise."""

_FOREVER: Final = TimeNs(2**63 - 1)
"""The time of limits on trial: behind every change that the log has of their scopes."""

_OF_A_POLICY: Final = frozenset({RefusalCode.POLICY, RefusalCode.POLICY_UNAVAILABLE})
_UNJUDGED: Final = frozenset({RefusalCode.RISK_UNAVAILABLE})


class PastOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order of the past, with what was said of it and what would be."""

    order: NewOrderSingle
    at_ns: TimeNs
    """Of the verdict in the log."""
    said: tuple[Refusal, ...]
    """In the log; none: it was approved."""
    found: tuple[Refusal, ...]
    """By the limits on trial; of an order that was not reproduced, by those in force then."""


class Findings(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of a dry run."""

    orders: int
    """Verdicts of the day."""
    reproduced: int
    """Of those, how many the limits then in force come to again."""
    would_refuse: tuple[PastOrder, ...]
    """Passed then."""
    would_pass: tuple[PastOrder, ...]
    """Refused then."""
    not_reproduced: tuple[PastOrder, ...]
    unjudged: int
    """Refused because risk did not answer: no limit said anything of them."""
    by_code: dict[str, int]
    """How many of the newly refused each code refuses; an order may be refused by several."""
    refused: int
    """How many would be refused that passed then: `would_refuse` may keep the first only."""
    passed: int
    """The same of `would_pass`."""


class DryRun:
    """Folds the logs and judges the orders of a day; mutable, nothing but memory.

    Args:
        instruments: what could be traded.
        trial: the limits on trial by scope; they hold for the whole time, and scopes that are
            not named follow the log.
        begin_ns: of the day.
        end_ns: of the day, exclusive.
        accounts: whose orders are judged; None is everybody's. All are folded.
        most: how many orders each list of the findings keeps, the first.
    """

    def __init__(
        self,
        instruments: Iterable[Instrument],
        trial: Mapping[str, LimitValues],
        begin_ns: TimeNs,
        end_ns: TimeNs,
        *,
        accounts: frozenset[str] | None = None,
        most: int = MOST,
    ) -> None:
        listed = tuple(instruments)
        self._accounts = accounts
        self._most = most
        self._then, self._trial = RiskBook(listed), RiskBook(listed)
        self._span_ns = (begin_ns, end_ns)
        self._received: dict[OrderId, NewOrderSingle] = {}
        self._watched_s = 0
        self._orders = self._unjudged = self._reproduced = 0
        self._refused = self._passed = 0
        self._by_code: Counter[str] = Counter()
        self._would_refuse: list[PastOrder] = []
        self._would_pass: list[PastOrder] = []
        self._not_reproduced: list[PastOrder] = []
        for scope, values in trial.items():
            self._trial.set_limits(_on_trial(scope, values))

    def watch(self, now_ns: TimeNs) -> None:
        """Let time go on: losses are measured once a second, as they were then."""
        if now_ns // NS_PER_S > self._watched_s:
            self._watched_s = now_ns // NS_PER_S
            for book in (self._then, self._trial):
                book.note_losses(now_ns)

    def quote(self, venue: str, symbol: str, quote: Quote) -> None:
        """Take a reference price."""
        for book in (self._then, self._trial):
            book.quote(venue, symbol, quote, quote.ts_recv_ns)

    def minute(self, symbol: str, start_ns: TimeNs, close_px: Px) -> None:
        """Take the close of a minute."""
        for book in (self._then, self._trial):
            book.minutes.note(symbol, start_ns, close_px)

    def control(self, control: RiskControl) -> None:
        """Take a change of a scope's mode."""
        for book in (self._then, self._trial):
            book.modes.control(control)

    def limits(self, change: LimitsSet) -> None:
        """Take a change of limits; that of a scope on trial holds for the first book only."""
        for book in (self._then, self._trial):
            book.set_limits(change)

    def due(self, event: JournalEvent) -> NewOrderSingle | None:
        """Return the order whose verdict *event* is, on the day; None of everything else."""
        if isinstance(event, OrderReceived):
            self._received[event.order_id] = event.request
        begin_ns, end_ns = self._span_ns
        if not isinstance(event, OrderApproved | OrderRefused):
            return None
        is_due = begin_ns <= event.ts_ns < end_ns
        is_due = is_due and (self._accounts is None or event.account in self._accounts)
        return self._received.get(event.order_id) if is_due else None

    def question(self, order: NewOrderSingle, now_ns: TimeNs) -> OrderQuestion:
        """Return what a policy on trial is asked of an order that is due."""
        return question(self._trial, order, now_ns)

    def judge(
        self,
        event: OrderApproved | OrderRefused,
        order: NewOrderSingle,
        words: tuple[Refusal, ...] | None = None,
    ) -> None:
        """Judge an order that is due by both books, and keep what is to be told of it.

        Args:
            event: its verdict in the log, which is not applied yet.
            order: as it was received.
            words: of a policy on trial; None leaves what the policy of then said.
        """
        self._orders += 1
        said = event.refusals if isinstance(event, OrderRefused) else ()
        if any(one.code in _UNJUDGED for one in said):
            self._unjudged += 1
            return
        of_policy = tuple(one for one in said if one.code in _OF_A_POLICY)
        again = self._then.judge(order, event.ts_ns, of_policy).refusals
        if _codes(again) != _codes(said):
            self._keep(self._not_reproduced, _past(event, order, said, again))
            return
        self._reproduced += 1
        now = of_policy if words is None else words
        found = self._trial.judge(order, event.ts_ns, now).refusals
        if found and not said:
            self._refused += 1
            self._by_code.update(_codes(found))
            self._keep(self._would_refuse, _past(event, order, said, found))
        elif said and not found:
            self._passed += 1
            self._keep(self._would_pass, _past(event, order, said, found))

    def apply(self, event: JournalEvent, seq: int) -> None:
        """Book *event* of the log of orders, whatever would have been said of it."""
        for book in (self._then, self._trial):
            book.apply(event, seq)
        if isinstance(event, OrderApproved | OrderRefused):
            self._received.pop(event.order_id, None)

    def findings(self) -> Findings:
        """Return what was found so far."""
        return Findings(
            orders=self._orders,
            reproduced=self._reproduced,
            would_refuse=tuple(self._would_refuse),
            would_pass=tuple(self._would_pass),
            not_reproduced=tuple(self._not_reproduced),
            unjudged=self._unjudged,
            by_code=dict(self._by_code.most_common()),
            refused=self._refused,
            passed=self._passed,
        )

    def _keep(self, kept: list[PastOrder], past: PastOrder) -> None:
        if len(kept) < self._most:
            kept.append(past)


def _codes(refusals: Iterable[Refusal]) -> set[str]:
    return {str(one.code) for one in refusals}


def _past(
    event: OrderApproved | OrderRefused,
    order: NewOrderSingle,
    said: tuple[Refusal, ...],
    found: tuple[Refusal, ...],
) -> PastOrder:
    return PastOrder(order=order, at_ns=event.ts_ns, said=said, found=found)


def _on_trial(scope: str, values: LimitValues) -> LimitsSet:
    return LimitsSet(
        change_id=EventId(f"trial-{scope}"),
        scope=scope,
        values=values,
        reason="on trial",
        asked_by="dry-run",
        ts_ns=_FOREVER,
    )
