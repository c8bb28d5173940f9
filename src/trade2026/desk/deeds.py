"""Telling of deeds that leave nothing else in the log: the audit reads them there."""

from typing import Final

from structlog.typing import FilteringBoundLogger

from trade2026.core.clock import Clock
from trade2026.core.errors import BusUnavailableError
from trade2026.core.ids import EventId, Ids
from trade2026.model.audit import Deed, DeedDone
from trade2026.model.subjects import Event
from trade2026.ports.bus import Bus

WHO_MAX: Final = 64
"""A longer name is nobody's, and is not kept whole."""


class DeedTeller:
    """Appends the deeds of one component.

    Args:
        subject: the component's own.
    """

    def __init__(
        self,
        *,
        bus: Bus,
        subject: Event[DeedDone],
        clock: Clock,
        ids: Ids,
        log: FilteringBoundLogger,
    ) -> None:
        self._bus = bus
        self._subject = subject
        self._clock = clock
        self._ids = ids
        self._log = log

    async def tell(
        self,
        who: str,
        action: str,
        target: str,
        *,
        account: str = "",
        result: str = "OK",
        text: str = "",
    ) -> None:
        """Return when the deed is in the log.

        Raises:
            BusUnavailableError: the log did not take it: what was asked for must not be done.
        """
        deed = Deed(
            ts_ns=self._clock.now_ns(),
            who=who[:WHO_MAX],
            action=action,
            target=target[:WHO_MAX],
            account=account,
            result=result,
            text=text,
        )
        event_id = EventId(self._ids.new())
        await self._bus.append(
            self._subject,
            DeedDone(event_id=event_id, deed=deed),
            event_id=event_id,
            action=action.rpartition(".")[2],
        )

    async def tell_if_heard(
        self,
        who: str,
        action: str,
        target: str,
        *,
        account: str = "",
        result: str = "OK",
        text: str = "",
    ) -> None:
        """Tell of what is so already, such as a refusal: it stays so where the log is away."""
        try:
            await self.tell(who, action, target, account=account, result=result, text=text)
        except BusUnavailableError as error:
            self._log.error("deed not told", who=who[:WHO_MAX], action=action, why=str(error))
