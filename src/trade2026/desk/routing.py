"""Routing at work: venues are looked at, the rules decide, and changes of rules are durable.

A venue that does not answer in time is not well. What was seen of a venue counts for a moment,
and is looked at again in the background as long as orders ask for it, so that none of them waits.
The rules are those of the log: they hold over a restart, and the audit tells who set them.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

from structlog.typing import FilteringBoundLogger

from trade2026.core.clock import NS_PER_S, Clock, TimeNs
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
WANTED_NS: Final = 60 * NS_PER_S
"""How long after the last order a venue is looked at in the background."""

SILENT: Final = VenueSight(problem="does not answer")

_Place: TypeAlias = tuple[str, str]
"""A venue and a symbol there."""


class RoutingDesk:
    """Answers where an order goes.

    Args:
        bus: on which venues are looked at.
        clock: stamps changes.
        ids: names them.
        log: for venues that do not answer.
        looks: how each venue is looked at, by name.
        kept_ns: how long what was seen of a venue counts; with 0 every order looks itself.
    """

    def __init__(
        self,
        *,
        bus: Bus,
        clock: Clock,
        ids: Ids,
        log: FilteringBoundLogger,
        looks: Mapping[str, Command[LookRequest, VenueSight]],
        kept_ns: int,
    ) -> None:
        self._bus = bus
        self._clock = clock
        self._ids = ids
        self._log = log
        self._looks = looks
        self._kept_ns = kept_ns
        self._seen: dict[_Place, tuple[int, VenueSight]] = {}
        """With the moment of the answer."""
        self._wanted: dict[_Place, int] = {}
        """When an order last asked."""
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
        """Return where *order* goes, by what was seen just now of every venue of its rule."""
        rules = self.rules
        names = [name for name in rule_of(order, rules).venues if name in self._looks]
        sights = await asyncio.gather(*(self._sight(name, order.symbol) for name in names))
        return choose(order, rules, dict(zip(names, sights, strict=True)))

    async def run(self) -> None:
        """Look at the venues that orders ask for, until cancelled."""
        if not self._kept_ns:
            return
        async with asyncio.TaskGroup() as looks:
            while True:
                # Twice while a sight counts, and whether the last look has answered or not: what
                # is slow, or silent, is known to be so before an order has to wait for it.
                await asyncio.sleep(self._kept_ns / NS_PER_S / 2)
                oldest_ns = self._clock.monotonic_ns() - WANTED_NS
                wanted = {at: ns for at, ns in self._wanted.items() if ns >= oldest_ns}
                self._wanted = wanted
                for place in wanted:
                    looks.create_task(self._look(*place))

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

    async def _sight(self, name: str, symbol: str) -> VenueSight:
        now_ns = self._clock.monotonic_ns()
        self._wanted[name, symbol] = now_ns
        seen = self._seen.get((name, symbol))
        if self._kept_ns and seen is not None and now_ns - seen[0] <= self._kept_ns:
            return seen[1]
        return await self._look(name, symbol)

    async def _look(self, name: str, symbol: str) -> VenueSight:
        try:
            sight = await self._bus.ask(
                self._looks[name], LookRequest(symbol=symbol), timeout_s=LOOK_WITHIN_S
            )
        except Trade2026Error as error:
            sight = SILENT
            if self._seen.get((name, symbol), (0, None))[1] != SILENT:
                self._log.warning("a venue does not answer", venue=name, why=str(error))
        self._seen[name, symbol] = self._clock.monotonic_ns(), sight
        return sight


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
