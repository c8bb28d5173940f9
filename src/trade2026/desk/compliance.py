"""Compliance at work: a day is judged by the rules, and what is new is written down.

It is done on demand, and once each day of the one before. Rules are read from their file each
time; where they are others than before, that is written down first.
"""

import asyncio
import hashlib
from collections import deque
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from structlog.typing import FilteringBoundLogger

from trade2026.core.clock import NS_PER_S, Clock, TimeNs
from trade2026.core.errors import BusUnavailableError, InvalidInputError
from trade2026.core.ids import AccountId, EventId
from trade2026.desk.day import DAY_S, Day, DayBooks
from trade2026.desk.day_reader import DayReader, day_of
from trade2026.desk.persistence import append_until_stored
from trade2026.desk.recent import from_newest
from trade2026.desk.rules import RULES_FILE, text_of_rules
from trade2026.domain.compliance.book import RuleBook, read_rules
from trade2026.domain.compliance.sheet import Breach
from trade2026.domain.settlement.obligation import SettlesAt
from trade2026.model.compliance import BreachFound, RulesBound
from trade2026.model.post_trade import COMPLIANCE_BREACH, COMPLIANCE_RULES
from trade2026.ports.bus import Bus, Delivery
from trade2026.ports.snapshots import SnapshotStore

KEPT: Final = 10_000
LOOK_EVERY_S: Final = 60.0
PTRC: Final = "ptrc"


class ComplianceDesk:
    """Reads days out of the log and judges them.

    Args:
        data_dir: where the file of rules is.
        settles_at: the calendars.
        store: keeps the snapshots of today's books.
    """

    def __init__(
        self,
        *,
        bus: Bus,
        clock: Clock,
        log: FilteringBoundLogger,
        data_dir: Path,
        settles_at: SettlesAt,
        store: SnapshotStore,
    ) -> None:
        self._bus = bus
        self._clock = clock
        self._log = log
        self._data_dir = data_dir
        self._days = DayReader(bus=bus, clock=clock, settles_at=settles_at, store=store, log=log)
        self._newest: deque[BreachFound] = deque(maxlen=KEPT)
        self._known: set[EventId] = set()
        self._rules_digest = ""
        self._pricing = asyncio.Lock()

    @property
    def first_seq(self) -> Callable[[], Awaitable[int]]:
        """Return a question for the first of the newest breaches."""
        return from_newest(self._bus, COMPLIANCE_BREACH.stream, back=KEPT)

    async def on_breach(self, breach: BreachFound, _: Delivery) -> None:
        """Take what is in the log."""
        if breach.event_id not in self._known:
            self._known.add(breach.event_id)
            self._newest.append(breach)

    async def on_rules(self, rules: RulesBound, _: Delivery) -> None:
        """Take what is in the log: the newest bind."""
        self._rules_digest = rules.digest

    def newest(self) -> tuple[BreachFound, ...]:
        """Return the newest breaches, newest first."""
        return tuple(reversed(self._newest))

    def today(self) -> Day:
        """Return the day of this moment."""
        return day_of(self._clock.now_ns())

    async def books(self, day: Day) -> DayBooks:
        """Return a day's books; today's go on, shared by all who ask for them.

        Raises:
            BusUnavailableError: the log does not answer.
        """
        return await self._days.books(day)

    async def close(self) -> None:
        """Take a last snapshot of today's books."""
        await self._days.close()

    async def judge(self, books: DayBooks) -> tuple[Breach, ...]:
        """Return the breaches of a day, and write nothing.

        Raises:
            InvalidInputError: the file of rules is not well-formed; says where.
            BusUnavailableError: the market's log does not answer.
        """
        text = await asyncio.to_thread(text_of_rules, self._data_dir)
        return await self._judged(books, read_rules(text, RULES_FILE))

    async def check(self, day: Day, asked_by: str = PTRC) -> list[BreachFound]:
        """Judge a day, write down what is new, and return all of its breaches.

        Raises:
            InvalidInputError: the file of rules is not well-formed; says where.
            BusUnavailableError: the log does not answer.
        """
        text = await asyncio.to_thread(text_of_rules, self._data_dir)
        rules = read_rules(text, RULES_FILE)
        await self._note_rules(text, asked_by)
        books = await self.books(day)
        found = [self._found(day, one) for one in await self._judged(books, rules)]
        for one in found:
            if one.event_id not in self._known:
                self._log.warning("breach", rule=one.rule, account=one.account, day=day.name)
                await append_until_stored(
                    self._bus,
                    self._log,
                    COMPLIANCE_BREACH,
                    one,
                    event_id=one.event_id,
                    account=one.account,
                )
        return found

    async def run(self) -> None:
        """Keep today's books, and judge each day once it is over."""
        judged, kept = self.today().name, ""
        while True:
            now = self.today()
            try:
                if now.name != judged:
                    await self.check(day_of(TimeNs(now.begin_ns - DAY_S * NS_PER_S)))
                    judged = now.name
                if now.name != kept:
                    # From here on no asker reads more than what the day has brought.
                    await self.books(now)
                    kept = now.name
            except (BusUnavailableError, InvalidInputError) as error:
                self._log.error("day not judged", why=str(error))
            await asyncio.sleep(LOOK_EVERY_S)

    async def _note_rules(self, text: str, asked_by: str) -> None:
        digest = hashlib.sha256(text.encode()).hexdigest()
        if digest == self._rules_digest:
            return
        now_ns = self._clock.now_ns()
        bound = RulesBound(
            event_id=EventId(f"rules-{digest}-{now_ns}"),
            ts_ns=now_ns,
            asked_by=asked_by,
            digest=digest,
            text=text,
        )
        await append_until_stored(
            self._bus, self._log, COMPLIANCE_RULES, bound, event_id=bound.event_id, part="file"
        )
        self._rules_digest = digest

    async def _judged(self, books: DayBooks, rules: RuleBook) -> tuple[Breach, ...]:
        await books.put_together()
        if rules.stale_ns is None:
            return rules.judge(books.sheet())
        async with self._pricing:
            return rules.judge(await books.priced_sheet(self._bus, rules.stale_ns))

    def _found(self, day: Day, breach: Breach) -> BreachFound:
        parts = (day.name, breach.rule, breach.account, breach.symbol, breach.measured)
        told = "\n".join((*parts, *breach.evidence))
        return BreachFound(
            event_id=EventId(hashlib.sha256(told.encode()).hexdigest()),
            account=AccountId(breach.account),
            day=day.name,
            ts_ns=self._clock.now_ns(),
            rule=breach.rule,
            kind=breach.kind,
            symbol=breach.symbol,
            measured=breach.measured,
            limit=breach.limit,
            evidence=breach.evidence,
        )
