"""Who sets the live gateway's mode, and how: two calls to raise it, one to lower it, panic."""

import asyncio

from structlog.typing import FilteringBoundLogger

from trade2026.core.clock import TimeNs
from trade2026.core.errors import InvalidInputError, RefusedError
from trade2026.core.ids import Ids
from trade2026.desk.live_log import LiveLog
from trade2026.domain.live.mode import CONFIRM_WITHIN_NS, Arming, confirm_problem, raise_problem
from trade2026.model.live import LiveMode, ModeSet, PanicEnded, Panicked


class LiveModes:
    """Changes of the mode, each in the log with who wanted it and why."""

    def __init__(self, *, log: LiveLog, ids: Ids, logger: FilteringBoundLogger) -> None:
        self.gate = asyncio.Lock()
        """Held while an order is judged and written, and while the mode changes."""
        self._log = log
        self._ids = ids
        self._logger = logger
        self._arming: Arming | None = None

    async def set_mode(
        self, mode: LiveMode, *, asked_by: str, reason: str, code: str = ""
    ) -> Arming | None:
        """Set the mode, or arm a raising of it: then its code has to be named.

        Raises:
            InvalidInputError: the code is wrong, or too late, or another's.
            RefusedError: the mode may not be raised so.
        """
        async with self.gate:
            state, now_ns = self._log.state, self._log.now_ns()
            if mode.rank > state.mode.rank:
                ceiling, is_panicked = state.rules.ceiling, state.is_panicked
                problem = raise_problem(state.mode, mode, ceiling=ceiling, is_panicked=is_panicked)
                if problem:
                    raise RefusedError(problem)
                if not code:
                    return self._arm(mode, asked_by, now_ns)
                problem = confirm_problem(
                    self._arming, mode=mode, asked_by=asked_by, code=code, now_ns=now_ns
                )
                if problem:
                    raise InvalidInputError("confirm", problem)
            self._arming = None
            self._logger.warning("live mode", mode=mode, asked_by=asked_by, reason=reason)
            event_id = self._log.new_id()
            await self._log.write(
                ModeSet(
                    event_id=event_id, ts_ns=now_ns, mode=mode, asked_by=asked_by, reason=reason
                )
            )
        return None

    async def panic(self, *, asked_by: str, reason: str) -> None:
        """Stop everything new. It waits for nothing but the log."""
        self._logger.critical("panic", asked_by=asked_by, reason=reason)
        self._arming = None
        event_id, now_ns = self._log.new_id(), self._log.now_ns()
        await self._log.write(
            Panicked(event_id=event_id, ts_ns=now_ns, asked_by=asked_by, reason=reason)
        )

    async def resume(self, *, asked_by: str, reason: str) -> None:
        """Let the panic button out. The mode stays SHADOW, and is raised step by step.

        Raises:
            RefusedError: it is not in, or something is, or may be, open at the exchange.
        """
        async with self.gate:
            if not self._log.state.is_panicked:
                raise RefusedError("the panic button is not in")
            left = [order.request.order_id for order in self._log.state.open_there()]
            if left:
                text = f"{len(left)} orders are, or may be, open at the exchange"
                raise RefusedError(f"{text}: {', '.join(left[:5])}")
            self._logger.warning("panic is over", asked_by=asked_by, reason=reason)
            event_id, now_ns = self._log.new_id(), self._log.now_ns()
            await self._log.write(
                PanicEnded(event_id=event_id, ts_ns=now_ns, asked_by=asked_by, reason=reason)
            )

    def _arm(self, mode: LiveMode, asked_by: str, now_ns: TimeNs) -> Arming:
        self._arming = Arming(
            mode=mode,
            asked_by=asked_by,
            code=self._ids.new()[-12:],
            until_ns=TimeNs(now_ns + CONFIRM_WITHIN_NS),
        )
        return self._arming
