"""One consumer's handler: bounded tries in place, and an alarm that is not lost.

A failing event is tried again where it stands, with a short back-off, so that nothing of
its key overtakes it. What happens after the last try is the consumer's affair.
"""

import asyncio
from enum import Enum
from typing import Any, Final

import msgspec
import structlog

from trade2026.adapters.bus.attempt import Attempt, is_of, reason_of
from trade2026.adapters.bus.log import Record
from trade2026.core.errors import CodecError, StoppingError
from trade2026.core.turns import Lanes
from trade2026.model import codec
from trade2026.model.subjects import Event
from trade2026.ports.bus import Delivery, EventHandler, LanesOf, PoisonHandler

FIRST_PAUSE_S: Final = 0.01
PAUSE_FACTOR: Final = 4.0
LAST_PAUSE_S: Final = 1.0

_LOG = structlog.get_logger("trade2026.bus")


class End(Enum):
    """How the handling of one event ended."""

    HANDLED = "handled"
    FAILED = "failed"
    LEFT = "left"
    """The consumer stops; the event is somebody else's."""


class Outcome(msgspec.Struct, frozen=True):
    """How the handling of one event ended, and why it failed."""

    end: End
    reason: str = ""


_HANDLED: Final = Outcome(End.HANDLED)
_LEFT: Final = Outcome(End.LEFT)


class Handling:
    """A handler with its tries, its counters and its alarm."""

    def __init__(
        self,
        name: str,
        subject: Event[Any],
        handler: EventHandler,
        on_poison: PoisonHandler | None,
    ) -> None:
        self._name = name
        self._subject = subject
        self._handler = handler
        self._on_poison = on_poison
        self.stopping = asyncio.Event()
        self.handled_count = 0
        self.failed_count = 0
        self.in_hand_count = 0
        """How many events the handler has at this moment."""

    async def handle(self, record: Record, *, tries: int, is_redelivered: bool) -> Outcome:
        """Give the event to the handler, up to *tries* times."""
        try:
            message = self.message(record)
        except CodecError as error:
            self.failed_count += 1
            return Outcome(End.FAILED, reason_of(error))
        pause_s = FIRST_PAUSE_S
        for number in range(1, tries + 1):
            error = await self._call(record, message, is_redelivered or number > 1)
            if error is None:
                self.handled_count += 1
                return _HANDLED
            if is_of(error, StoppingError):
                # It is not the event's fault, and the next life is given it again.
                await self.stopping.wait()
                return _LEFT
            self.failed_count += 1
            _LOG.warning(
                "event failed",
                consumer=self._name,
                subject=record.subject,
                seq=record.seq,
                tried=number,
                reason=reason_of(error),
            )
            if number == tries:
                return Outcome(End.FAILED, reason_of(error))
            if await self._is_stopping_within(pause_s):
                return _LEFT
            pause_s = min(pause_s * PAUSE_FACTOR, LAST_PAUSE_S)
        return Outcome(End.FAILED, "no tries were left")

    async def _call(
        self,
        record: Record,
        message: Any,  # noqa: ANN401 - the subject's message type.
        is_redelivered: bool,  # noqa: FBT001 - passed on as it came.
    ) -> Exception | None:
        attempt = Attempt()
        self.in_hand_count += 1
        try:
            with attempt:
                await self._handler(message, self._delivery(record, is_redelivered=is_redelivered))
        finally:
            self.in_hand_count -= 1
        return attempt.error

    async def is_told(self, record: Record, reason: str) -> bool:
        """Tell of a poisoned event until it was heard; False when the consumer stops before."""
        _LOG.error(
            "event poisoned",
            consumer=self._name,
            subject=record.subject,
            seq=record.seq,
            rule=self._subject.poison,
            reason=reason,
        )
        if self._on_poison is None:
            return True
        try:
            message = self.message(record)
        except CodecError:
            message = None
        delivery = self._delivery(record, is_redelivered=True)
        pause_s = FIRST_PAUSE_S
        while True:
            attempt = Attempt()
            with attempt:
                await self._on_poison(self._subject, message, delivery, reason)
            if attempt.error is None:
                return True
            _LOG.error(
                "poison alarm failed",
                consumer=self._name,
                subject=record.subject,
                seq=record.seq,
                reason=reason_of(attempt.error),
            )
            if await self._is_stopping_within(pause_s):
                return False
            pause_s = min(pause_s * PAUSE_FACTOR, LAST_PAUSE_S)

    def lanes(self, record: Record, lanes_of: LanesOf) -> Lanes | None:
        """Return the lanes of the event; None where it cannot be read."""
        try:
            return lanes_of(self.message(record))
        except CodecError:
            return None

    def message(self, record: Record) -> Any:  # noqa: ANN401 - the subject's message type.
        """Return the event.

        Raises:
            CodecError: it is none.
        """
        if not isinstance(record.content, bytes):
            return record.content
        if record.once is not None:
            return record.once.decoded(self._subject.message, record.content)
        return codec.decode(self._subject.message, record.content)

    def _delivery(self, record: Record, *, is_redelivered: bool) -> Delivery:
        return Delivery(
            subject=record.subject,
            stream_seq=record.seq,
            appended_ns=record.appended_ns,
            is_redelivered=is_redelivered,
        )

    async def _is_stopping_within(self, pause_s: float) -> bool:
        try:
            async with asyncio.timeout(pause_s):
                await self.stopping.wait()
        except TimeoutError:
            return False
        return True
