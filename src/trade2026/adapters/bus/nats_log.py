"""The event log behind NATS: ordered readers, cursors and dead letters in JetStream."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Final, TypeVar

import msgspec
import structlog

from trade2026.adapters.bus.attempt import reason_of
from trade2026.adapters.bus.connection import Connection
from trade2026.adapters.bus.jetstream import (
    NO_MESSAGE,
    WRONG_LAST_SEQ,
    JetStreamError,
    StoredAnswer,
    StoredMessage,
    call,
    store,
)
from trade2026.adapters.bus.log import Burial, Cursor, Record
from trade2026.adapters.bus.pull import PullSource
from trade2026.adapters.bus.shared import Follower, Shared
from trade2026.core.errors import BusUnavailableError
from trade2026.model.subjects import Stream

T = TypeVar("T")

MSG_ID: Final = "Nats-Msg-Id"
EXPECTED_ID: Final = "Nats-Expected-Last-Msg-Id"
EXPECTED_SEQ: Final = "Nats-Expected-Last-Subject-Sequence"
STORE_TRY_S: Final = 1.0
FIRST_PAUSE_S: Final = 0.05
LAST_PAUSE_S: Final = 1.0
REASON_LIMIT: Final = 1_000

_LOG = structlog.get_logger("trade2026.bus")


class NatsEventLog:
    """What a bus's consumers see of JetStream."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._revisions: dict[str, int] = {}
        self._writes = count()
        self._shared: dict[tuple[Stream, str], Shared] = {}
        """Whoever follows the same subjects reads them once."""

    def read(self, stream: Stream, pattern: str, from_seq: int) -> Follower:
        """Return a reader of the subjects that match *pattern*, from *from_seq* on."""
        place = (stream, pattern)
        shared = self._shared.get(place)
        if shared is None:
            shared = self._shared[place] = Shared(
                pattern,
                lambda seq: PullSource(self._connection, stream, pattern, seq),
                lambda: self._shared.pop(place, None),
            )
        return Follower(shared, from_seq)

    async def load_cursor(self, durable: str) -> Cursor:
        """Return where *durable* stands. The next save shuts out whoever had it before."""

        async def load() -> Cursor:
            newest = await self._newest(durable)
            self._revisions[durable] = 0 if newest is None else newest.seq
            return Cursor() if newest is None else msgspec.json.decode(newest.content, type=Cursor)

        return await self._until_done(load, f"load cursor {durable}")

    async def save_cursor(self, durable: str, cursor: Cursor) -> bool:
        """Keep where *durable* stands; False when another process has taken it over.

        The word of its predecessor is expected to be ours: an older process that was
        only slow, not dead, finds it is not. A try whose answer was lost is our word as well,
        also where the log has forgotten by then which ids it had.
        """
        headers = {
            # One id for every try, by which our own word is known.
            MSG_ID: f"{self._connection.inbox}/{next(self._writes)}",
            EXPECTED_SEQ: str(self._revisions.get(durable, 0)),
        }
        data = msgspec.json.encode(cursor)

        async def save() -> bool:
            try:
                ack = await store(
                    self._connection,
                    f"cursor.{durable}",
                    data,
                    headers=headers,
                    timeout_s=STORE_TRY_S,
                )
            except JetStreamError as error:
                if error.err_code != WRONG_LAST_SEQ:
                    raise
                newest = await self._newest(durable)
                if newest is None or newest.header(MSG_ID) != headers[MSG_ID]:
                    return False
                self._revisions[durable] = newest.seq
                return True
            self._revisions[durable] = ack.seq
            return True

        return await self._until_done(save, f"save cursor {durable}")

    async def _newest(self, durable: str) -> StoredMessage | None:
        try:
            answer = await call(
                self._connection,
                f"STREAM.MSG.GET.{Stream.CURSOR}",
                {"last_by_subj": f"cursor.{durable}"},
                StoredAnswer,
            )
        except JetStreamError as error:
            if error.err_code != NO_MESSAGE:
                raise
            return None
        return answer.message

    async def bury(self, record: Record, burial: Burial) -> None:
        """Store the event in the dead-letter stream, once, with its bytes as they were."""
        headers = {
            MSG_ID: f"{burial.taker}/{burial.stream}/{record.seq}",
            "Trade2026-Reason": " ".join(burial.reason.split())[:REASON_LIMIT],
            "Trade2026-Stream": burial.stream.value,
            "Trade2026-Seq": str(record.seq),
            "Trade2026-Taker": burial.taker,
        }

        async def bury() -> None:
            await store(
                self._connection,
                f"dead.{record.subject}",
                record.content,
                headers=headers,
                timeout_s=STORE_TRY_S,
            )

        await self._until_done(bury, f"bury {record.subject} {record.seq}")

    async def _until_done(self, work: Callable[[], Awaitable[T]], what: str) -> T:
        pause_s = FIRST_PAUSE_S
        while True:
            await self._connection.until_up()
            try:
                return await work()
            except BusUnavailableError as error:
                _LOG.warning("event log away", work=what, reason=reason_of(error))
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, LAST_PAUSE_S)
