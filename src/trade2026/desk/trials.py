"""Dry runs over HTTP: one after another, each in a process of its own, beside the desk of risk.

Risk's loop only waits for that process: a day of orders takes as long as it takes, and no order
waits for it.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Final, TypeAlias

import msgspec
from structlog.typing import FilteringBoundLogger

from trade2026.core.clock import Clock, TimeNs
from trade2026.core.errors import RefusedError, UnavailableError
from trade2026.core.ids import Ids
from trade2026.model.trial import TrialAnswer, TrialAsk

KEPT_MOST: Final = 8
"""Dry runs whose findings can be looked at; the oldest go first."""

Carry: TypeAlias = Callable[[TrialAsk], Awaitable[TrialAnswer]]
"""Does a dry run elsewhere. Raises UnavailableError where it cannot be done."""


class TrialState(StrEnum):
    """How far a dry run is."""

    RUNNING = "RUNNING"
    DONE = "DONE"
    FAILED = "FAILED"


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """A dry run, and what came of it."""

    run_id: str
    asked_by: str
    ask: TrialAsk
    asked_ns: TimeNs
    state: TrialState = TrialState.RUNNING
    ended_ns: TimeNs | None = None
    answer: TrialAnswer = TrialAnswer()


class TrialDesk:
    """Takes dry runs in and keeps what the last of them found; a restart forgets them.

    Args:
        carry: does one.
        clock: stamps them.
        ids: names them.
        log: for what fails.
    """

    def __init__(self, carry: Carry, clock: Clock, ids: Ids, log: FilteringBoundLogger) -> None:
        self._carry = carry
        self._clock = clock
        self._ids = ids
        self._log = log
        self._trials: OrderedDict[str, Trial] = OrderedDict()
        self._due: asyncio.Queue[Trial] = asyncio.Queue(1)
        self._is_busy = False

    def begin(self, ask: TrialAsk, asked_by: str) -> Trial:
        """Take a dry run in, and return it under its id.

        Raises:
            RefusedError: another one is going on.
        """
        if self._is_busy:
            raise RefusedError("another dry run is going on")
        self._is_busy = True
        trial = Trial(
            run_id=self._ids.new(), asked_by=asked_by, ask=ask, asked_ns=self._clock.now_ns()
        )
        self._keep(trial)
        self._due.put_nowait(trial)
        return trial

    def get(self, run_id: str) -> Trial | None:
        """Return how a dry run stands, None where it is not kept."""
        return self._trials.get(run_id)

    async def run(self) -> None:
        """Carry dry runs out until cancelled."""
        while True:
            trial = await self._due.get()
            try:
                answer = await self._carry(trial.ask)
            except UnavailableError as error:
                answer = TrialAnswer(error=str(error))
            if answer.error:
                self._log.warning("a dry run failed", run_id=trial.run_id, why=answer.error)
            self._keep(
                msgspec.structs.replace(
                    trial,
                    state=TrialState.FAILED if answer.error else TrialState.DONE,
                    ended_ns=self._clock.now_ns(),
                    answer=answer,
                )
            )
            self._is_busy = False

    def _keep(self, trial: Trial) -> None:
        self._trials[trial.run_id] = trial
        while len(self._trials) > KEPT_MOST:
            self._trials.popitem(last=False)
