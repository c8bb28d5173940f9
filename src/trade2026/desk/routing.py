"""Routing at work: venues are looked at, the rules decide, and changes of rules are durable.

A venue that does not answer in time is not well. The rules are those of the log: they hold over
a restart, and the audit tells who set them.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

from structlog.typing import FilteringBoundLogger

from trade2026.core.clock import Clock, TimeNs
from trade2026.core.errors import InvalidInputError, Trade2026Error
from trade2026.core.ids import EventId, Ids
from trade2026.desk.persistence import append_until_stored
from trade2026.domain.execution.router import choose, rule_of
from trade2026.model.order import NewOrderSingle
from trade2026.model.route import LookRequest, RouteAnswer, RouteRule, RoutesSet, VenueSight
from trade2026.model.route_subjects import EXEC_ROUTES
from trade2026.model.subject import Command
from trade2026.ports.bus import Bus, Delivery

LOOK_WITHIN_S: Final = 0.5
"""An order waits for the slowest venue of its rule so long at most."""


class RoutingDesk:
    """Answers where an order goes.

    Args:
        bus: on which venues are looked at.
        clock: stamps changes.
        ids: names them.
        log: for venues that do not answer.
        looks: how each venue is looked at, by name.
    """

    def __init__(
        self,
        *,
        bus: Bus,
        clock: Clock,
        ids: Ids,
        log: FilteringBoundLogger,
        looks: Mapping[str, Command[LookRequest, VenueSight]],
    ) -> None:
        self._bus = bus
        self._clock = clock
        self._ids = ids
        self._log = log
        self._looks = looks
        self.standing: RoutesSet | None = None
        """The rules that bind, None before any were set."""

    @property
    def rules(self) -> tuple[RouteRule, ...]:
        """Return the rules that bind, in their order."""
        return () if self.standing is None else self.standing.rules

    def now_ns(self) -> TimeNs:
        """Return the time that changes are stamped with."""
        return self._clock.now_ns()

    async def on_rules(self, change: RoutesSet, _: Delivery) -> None:
        """Take what is in the log: the newest bind."""
        self.standing = change

    async def on_ask(self, order: NewOrderSingle) -> RouteAnswer:
        """Return where *order* goes at this moment. Every venue of its rule is looked at."""
        rules = self.rules
        names = [name for name in rule_of(order, rules).venues if name in self._looks]
        sights = await asyncio.gather(*(self._look(name, order.symbol) for name in names))
        return choose(order, rules, dict(zip(names, sights, strict=True)))

    async def set_rules(
        self, rules: Sequence[RouteRule], *, reason: str, asked_by: str
    ) -> RoutesSet:
        """Set the rules, durably, and return what was set; they bind once the log has them.

        Raises:
            InvalidInputError: two rules have one name, or one names no venue or an unknown one.
        """
        require_rules(rules, self._looks)
        change = RoutesSet(
            change_id=EventId(self._ids.new()),
            rules=tuple(rules),
            reason=reason,
            asked_by=asked_by,
            ts_ns=self.now_ns(),
        )
        await append_until_stored(
            self._bus, self._log, EXEC_ROUTES, change, event_id=change.change_id, part="rules"
        )
        self.standing = change
        return change

    async def _look(self, name: str, symbol: str) -> VenueSight:
        try:
            return await self._bus.ask(
                self._looks[name], LookRequest(symbol=symbol), timeout_s=LOOK_WITHIN_S
            )
        except Trade2026Error as error:
            self._log.warning("a venue does not answer", venue=name, why=str(error))
            return VenueSight(problem="does not answer")


def require_rules(rules: Sequence[RouteRule], venues: Mapping[str, object]) -> None:
    """Return if *rules* can bind.

    Raises:
        InvalidInputError: two have one name, or one names no venue, an unknown one, or one twice.
    """
    if len({rule.name for rule in rules}) < len(rules):
        raise InvalidInputError("rules", "two have the same name")
    for rule in rules:
        if not rule.venues or len(set(rule.venues)) < len(rule.venues):
            raise InvalidInputError("rules", f"{rule.name} must name venues, each once")
        for venue in rule.venues:
            if venue not in venues:
                known = ", ".join(venues)
                raise InvalidInputError("rules", f"{rule.name}: {venue} is none of {known}")
