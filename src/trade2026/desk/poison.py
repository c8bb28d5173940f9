"""What a fold over money does with an event it cannot book: its account halts, alarmed."""

from typing import Any

from structlog.typing import FilteringBoundLogger

from trade2026.core.ids import AccountId
from trade2026.model.risk import HaltRequest, TradingMode
from trade2026.model.subjects import RISK_HALT, Event
from trade2026.ports.bus import Bus, Delivery


class AccountHalter:
    """Asks risk to halt the account of an event that could not be handled."""

    def __init__(self, bus: Bus, log: FilteringBoundLogger, asked_by: str) -> None:
        self._bus = bus
        self._log = log
        self._asked_by = asked_by

    async def on_poison(
        self, subject: Event[Any], message: object, delivery: Delivery, reason: str
    ) -> None:
        """Halt the account that the subject's last key names.

        Raises:
            Trade2026Error: risk did not take the demand; the bus calls again.
        """
        del subject, message
        account = AccountId(delivery.subject.rpartition(".")[2])
        text = f"cannot handle {delivery.subject} {delivery.stream_seq}: {reason}"
        self._log.error("account halted", account=account, reason=text)
        request = HaltRequest(
            account=account, mode=TradingMode.HALTED, reason=text, asked_by=self._asked_by
        )
        await self._bus.ask(RISK_HALT, request)
