"""Reconciliation at work: the venue is asked, its statement is compared, what is left alarms.

A report that the venue has counted and the log has not is on its way: the comparison is made
again until it is there, for a few seconds.
"""

import asyncio
from typing import Final

import msgspec
from structlog.typing import FilteringBoundLogger

from trade2026.core.clock import NS_PER_S, Clock, TimeNs
from trade2026.core.errors import BusUnavailableError, RefusedError
from trade2026.core.ids import AccountId
from trade2026.desk.ledger import LedgerDesk
from trade2026.domain.position.reconcile import Cause, Difference, compare
from trade2026.model.instrument import PRISM
from trade2026.model.reconciliation import Statement, StatementRequest
from trade2026.model.risk import HaltRequest, TradingMode
from trade2026.model.subjects import RISK_HALT, VENUE_STATEMENT
from trade2026.ports.bus import Bus

WAIT_MAX_NS: Final = 3 * NS_PER_S
"""How long what is on its way may take."""
WAIT_STEP_S: Final = 0.1
EVERY_S: Final = 60.0


class Reconciliation(msgspec.Struct, frozen=True, kw_only=True):
    """How a comparison came out."""

    venue: str
    ts_ns: TimeNs
    report_seq: int
    """The venue's report at which everything was compared."""
    compared: int
    """Lines of the venue's statement."""
    waited_ns: int
    """How long reports on their way were waited for."""
    differences: tuple[Difference, ...]

    @property
    def unexplained(self) -> tuple[Difference, ...]:
        """Return those that have no cause."""
        return tuple(one for one in self.differences if one.cause is Cause.UNEXPLAINED)


class ReconcilingDesk:
    """Compares the ledger and the log with what the venue says."""

    def __init__(
        self, *, bus: Bus, clock: Clock, log: FilteringBoundLogger, books: LedgerDesk
    ) -> None:
        self.last: Reconciliation | None = None
        self._bus = bus
        self._clock = clock
        self._log = log
        self._books = books
        self._alarmed: frozenset[AccountId] = frozenset()

    async def reconcile(self) -> Reconciliation:
        """Ask the venue, and compare.

        Raises:
            BusUnavailableError: the venue did not answer.
        """
        statement = await self._bus.ask(VENUE_STATEMENT, StatementRequest(venue=PRISM))
        begun_ns = self._clock.monotonic_ns()
        while True:
            waited_ns = self._clock.monotonic_ns() - begun_ns
            found = self._compare(statement, waited_ns)
            if not found.unexplained or waited_ns >= WAIT_MAX_NS:
                self.last = found
                return found
            await asyncio.sleep(WAIT_STEP_S)

    async def ping(self) -> str:
        """Return what the last comparison left unexplained; empty where nothing."""
        if self.last is None or not self.last.unexplained:
            return ""
        return f"unexplained differences: {_words(self.last.unexplained)}"

    async def run(self) -> None:
        """Compare every minute, and raise the alarm about what stays unexplained."""
        while True:
            await asyncio.sleep(EVERY_S)
            await self.check()

    async def check(self) -> None:
        """Compare, and tell of accounts whose differences nobody was told of yet."""
        try:
            found = await self.reconcile()
            wrong = frozenset(one.account for one in found.unexplained)
            for account in sorted(wrong - self._alarmed):
                own = [one for one in found.unexplained if one.account == account]
                await self._alarm(account, _words(own))
            self._alarmed = wrong
        except (BusUnavailableError, RefusedError) as error:
            # Away for a moment: the next minute will tell.
            self._log.warning("not reconciled", why=str(error))

    def _compare(self, statement: Statement, waited_ns: int) -> Reconciliation:
        return Reconciliation(
            venue=statement.venue,
            ts_ns=self._clock.now_ns(),
            report_seq=statement.report_seq,
            compared=len(statement.lines),
            waited_ns=waited_ns,
            differences=compare(self._books.ledger.positions(), self._books.fills, statement),
        )

    async def _alarm(self, account: AccountId, words: str) -> None:
        text = f"reconciliation: {words}"
        self._log.error("unexplained difference", account=account, text=text)
        # An alarm and no limit: what is wrong may be the venue's word, and positions must
        # stay manageable.
        request = HaltRequest(
            account=account, mode=TradingMode.NORMAL, reason=text, asked_by="ptrc"
        )
        await self._bus.ask(RISK_HALT, request)


def _words(differences: list[Difference] | tuple[Difference, ...]) -> str:
    return ", ".join(f"{one.account} {one.symbol}" for one in differences[:5])
