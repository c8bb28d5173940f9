"""Reconciliation at work: the venue is asked, its statement is compared, what is left alarms.

A report that the venue has counted and the log has not is on its way: the comparison is made
again until it is there, for a few seconds. Where it never comes, the OMS asks the venue about the
orders it may belong to, and books what the venue then gives under its own execution ids. Nothing
else is put right by itself.

What there is of an asset alarms where it is unexplained twice in a row: an exchange may count a
fill later than it tells of it. A balance that could not be asked for is no word about anything.
"""

import asyncio
from typing import Final

import msgspec
from structlog.typing import FilteringBoundLogger

from trade2026.core.clock import NS_PER_S, Clock
from trade2026.core.errors import BusUnavailableError, RefusedError
from trade2026.core.ids import AccountId, EventId, OrderId
from trade2026.desk.ledger import LedgerDesk
from trade2026.desk.runs import Runs
from trade2026.domain.position.balances import compare_balances
from trade2026.domain.position.reconcile import compare
from trade2026.model.instrument import LIVE, PRISM
from trade2026.model.live_subjects import LIVE_STATEMENT
from trade2026.model.post_trade import ORDERS_RECHECK
from trade2026.model.reconciliation import (
    Difference,
    Healed,
    OrderDifference,
    RecheckRequest,
    Reconciliation,
    Statement,
    StatementRequest,
)
from trade2026.model.risk import HaltRequest, TradingMode
from trade2026.model.subjects import RISK_HALT, VENUE_STATEMENT
from trade2026.ports.bus import Bus

WAIT_MAX_NS: Final = 3 * NS_PER_S
"""How long what is on its way may take."""
WAIT_STEP_S: Final = 0.1
EVERY_S: Final = 60.0
RECHECK_WITHIN_S: Final = 20.0
ASK_AGAIN_S: Final = 2.0
NAMED_MOST: Final = 5
"""Differences that a line of text names."""
PTRC: Final = "ptrc"

_ASKED: Final = {PRISM: (VENUE_STATEMENT, 2.0), LIVE: (LIVE_STATEMENT, 30.0)}
"""Whom to ask, and how long: an exchange has to be asked about many orders itself."""


class ReconcilingDesk:
    """Compares the ledger and the log with what the venue says.

    Args:
        runs: where what came out is written.
        live_accounts: those that may trade at the exchange behind the gateway.
    """

    def __init__(
        self,
        *,
        bus: Bus,
        clock: Clock,
        log: FilteringBoundLogger,
        books: LedgerDesk,
        runs: Runs,
        live_accounts: tuple[AccountId, ...] = (),
    ) -> None:
        self.last: dict[str, Reconciliation] = {}
        """How the last comparison with each venue came out."""
        self._bus = bus
        self._clock = clock
        self._log = log
        self._books = books
        self._runs = runs
        self._live_accounts = frozenset(live_accounts)
        self._alarmed: dict[str, frozenset[AccountId]] = {}
        self._alarmed_assets: dict[str, frozenset[str]] = {}
        self._running = asyncio.Lock()

    def venues(self) -> tuple[str, ...]:
        """Return PRISM, and the exchange where accounts may trade there or the log knows it."""
        books = self._books
        is_live = bool(self._live_accounts) or books.fills.has(LIVE) or books.working.has(LIVE)
        return (PRISM, LIVE) if is_live else (PRISM,)

    async def reconcile(self, asked_by: str = PTRC, venue: str = PRISM) -> Reconciliation:
        """Ask the venue, and compare.

        Raises:
            BusUnavailableError: the venue did not answer.
            RefusedError: the exchange behind the gateway did not.
        """
        subject, within_s = _ASKED[venue]
        request = StatementRequest(venue=venue)
        statement = await self._bus.ask(subject, request, timeout_s=within_s)
        begun_ns = self._clock.monotonic_ns()
        while True:
            waited_ns = self._clock.monotonic_ns() - begun_ns
            found = self._compare(statement, waited_ns, asked_by)
            if not found.unexplained or waited_ns >= WAIT_MAX_NS:
                self.last[venue] = found
                return found
            await asyncio.sleep(WAIT_STEP_S)

    async def ping(self) -> str:
        """Return what the last comparison left unexplained; empty where nothing."""
        left = [_name(one) for found in self.last.values() for one in found.unexplained]
        for venue, assets in self._alarmed_assets.items():
            left += [f"{venue} {asset}" for asset in sorted(assets)]
        return f"unexplained differences: {', '.join(left[:NAMED_MOST])}" if left else ""

    async def run(self) -> None:
        """Compare every minute, and raise the alarm about what stays unexplained."""
        while True:
            await asyncio.sleep(EVERY_S)
            for venue in self.venues():
                try:
                    await self.check(venue=venue)
                except (BusUnavailableError, RefusedError) as error:
                    # Away for a moment: the next minute will tell.
                    self._log.warning("not reconciled", venue=venue, why=str(error))

    async def check(self, asked_by: str = PTRC, venue: str = PRISM) -> Reconciliation:
        """Compare, heal what can be proved, write down what came out, and alarm about the rest.

        Raises:
            BusUnavailableError: the venue, or risk, did not answer.
            RefusedError: one of them could not.
        """
        async with self._running:
            found = await self.reconcile(asked_by, venue)
            healed = await self._heal(found) if found.unexplained else ()
            if found.unexplained_assets:
                await asyncio.sleep(ASK_AGAIN_S)
            if healed or found.unexplained_assets:
                again = await self.reconcile(asked_by, venue)
                found = msgspec.structs.replace(again, healed=healed)
                self.last[venue] = found
            await self._runs.write(found)
            wrong = frozenset(one.account for one in found.unexplained)
            for account in sorted(wrong - self._alarmed.get(venue, frozenset())):
                own = [one for one in found.unexplained if one.account == account]
                await self._alarm(account, ", ".join(map(_name, own[:NAMED_MOST])))
            self._alarmed[venue] = wrong
            await self._alarm_assets(found)
            return found

    async def _alarm_assets(self, found: Reconciliation) -> None:
        if found.balances is None:
            return
        venue, assets = found.venue, frozenset(found.unexplained_assets)
        new = sorted(assets - self._alarmed_assets.get(venue, frozenset()))
        if new:
            # What there is belongs to all accounts that trade there together.
            held = self._books.fills.at(venue, found.report_seq)
            accounts = {account for account, _ in held}
            if venue == LIVE:
                accounts |= self._live_accounts
            for account in sorted(accounts):
                await self._alarm(account, f"balance of {', '.join(new[:NAMED_MOST])} at {venue}")
        self._alarmed_assets[venue] = assets

    async def _heal(self, found: Reconciliation) -> tuple[Healed, ...]:
        suspects: dict[OrderId, None] = {one.order_id: None for one in found.orders}
        for one in found.differences:
            newest = self._books.working.newest(one.account, one.symbol)
            suspects.update(dict.fromkeys(newest))
        if not suspects:
            return ()
        request = RecheckRequest(order_ids=tuple(suspects))
        answer = await self._bus.ask(ORDERS_RECHECK, request, timeout_s=RECHECK_WITHIN_S)
        return answer.healed

    def _compare(self, statement: Statement, waited_ns: int, asked_by: str) -> Reconciliation:
        books, venue = self._books, statement.venue
        return Reconciliation(
            run_id=EventId(books.new_key()),
            asked_by=asked_by,
            venue=venue,
            ts_ns=self._clock.now_ns(),
            report_seq=statement.report_seq,
            compared=len(statement.lines) + len(statement.orders or ()),
            waited_ns=waited_ns,
            differences=compare(books.ledger.positions(), books.fills, statement),
            orders=books.working.compare(statement),
            balances=compare_balances(statement, books.fills.at(venue, statement.report_seq)),
            balances_why=statement.balances_why,
        )

    async def _alarm(self, account: AccountId, words: str) -> None:
        text = f"reconciliation: {words}"
        self._log.error("unexplained difference", account=account, text=text)
        # An alarm and no limit: what is wrong may be the venue's word, and positions must
        # stay manageable.
        request = HaltRequest(account=account, mode=TradingMode.NORMAL, reason=text, asked_by=PTRC)
        await self._bus.ask(RISK_HALT, request)


def _name(one: Difference | OrderDifference) -> str:
    place = f"{one.account} {one.symbol}"
    return place if isinstance(one, Difference) else f"{place} {one.cause} {one.order_id}"
