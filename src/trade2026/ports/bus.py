"""The message bus: commands, events and live copies, and what each promises.

* `ask`: one handler answers, or the asker gets an error within its time limit. If the
  handler lives in the same process it is called directly.
* `append`: the event is in the log when the call returns. The same `event_id` is stored
  once within the log's window. At least once, in order per subject, to every taker.
* `show`: a live copy; lost when nobody looks or a looker is slow.

An event is acknowledged after its handler returned. A handler that raises is tried again a
bounded number of times, in place, so that order per key holds; after that the subject's
`Poison` says what happens. A taker may narrow what order per key means: see `Bus.consume`.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeVar

import msgspec

from trade2026.core.clock import TimeNs
from trade2026.core.ids import EventId
from trade2026.core.turns import Lanes
from trade2026.model.subjects import Command, Event, Live, Stream

M = TypeVar("M")
R = TypeVar("R")


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """Where a delivered event stands in the log."""

    subject: str
    stream_seq: int
    """Position in the stream, from 1, strictly increasing along a fold."""
    appended_ns: TimeNs
    """When the log stored it."""
    is_redelivered: bool = False


CommandHandler = Callable[[Any], Awaitable[Any]]
EventHandler = Callable[[Any, Delivery], Awaitable[None]]
LiveHandler = Callable[[str, Any], None]
LanesOf = Callable[[Any], Lanes]
"""Names what an event has to be in order with."""
PoisonHandler = Callable[[Event[Any], Any, Delivery, str], Awaitable[None]]
"""Called with the subject, the message (None if undecodable), its place, and the reason."""


class QueueStats(msgspec.Struct, frozen=True, kw_only=True):
    """How one consumer keeps up."""

    name: str
    pending_count: int
    """Delivered to this process or waiting in the log, not handled yet."""
    handled_count: int
    dropped_count: int
    """Live copies that a slow handler lost; always 0 for events."""
    failed_count: int
    """Handler calls that raised."""
    is_slow: bool
    """Whether the bounded queue is full at this moment."""
    is_halted: bool
    """Whether a poisoned event has stopped the consumer."""


class StreamState(msgspec.Struct, frozen=True, kw_only=True):
    """What a stream of the log holds."""

    created_ns: TimeNs
    """When the stream was made: a sequence means the same event only as long as this holds."""
    first_seq: int
    """The oldest event kept; what came before has been discarded."""
    last_seq: int
    """The newest event, 0 when there was none yet."""


class Subscription(Protocol):
    """A running consumer."""

    async def stop(self) -> None:
        """Finish the event in hand, acknowledge it, and take no more."""
        ...

    def stats(self) -> QueueStats:
        """Return how the consumer keeps up."""
        ...


class Bus(Protocol):
    """What the platform asks of its message bus."""

    async def ask(
        self, subject: Command[M, R], request: M, *, timeout_s: float = 2.0, **keys: str
    ) -> R:
        """Return the handler's answer.

        Raises:
            BusUnavailableError: nobody serves the subject, or no answer came in time; whether
                the handler acted is unknown.
            RefusedError: the handler raised; its text says why.
        """
        ...

    async def append(
        self,
        subject: Event[M],
        message: M,
        *,
        event_id: EventId,
        timeout_s: float = 2.0,
        **keys: str,
    ) -> int:
        """Append *message* to the log and return its sequence in the stream.

        Raises:
            BusUnavailableError: the log did not acknowledge in time; whether it stored the
                event is unknown. Appending again with the same id is safe.
        """
        ...

    async def append_after(
        self,
        after_seq: int,
        subject: Event[M],
        message: M,
        *,
        event_id: EventId,
        timeout_s: float = 2.0,
        **keys: str,
    ) -> int:
        """Append *message* only where the newest event of its subject stands at *after_seq*.

        So of several writers of one subject one goes on, and the others hear of it. 0 is that
        there is none yet; *keys* are part of the subject.

        Raises:
            SupersededError: the newest event is another one; nothing was stored.
            BusUnavailableError: as in `append`.
        """
        ...

    async def append_behind(
        self,
        before_id: EventId,
        subject: Event[M],
        message: M,
        *,
        event_id: EventId,
        timeout_s: float = 2.0,
        **keys: str,
    ) -> int:
        """Append *message* only where the newest event of the whole stream is *before_id*.

        So a stream's one writer need not wait for the one before, and the order holds even so.

        Raises:
            SupersededError: the newest event is another one, or the log does not remember its
                id. Whether an earlier try stored this one is unknown: `append` is safe.
            BusUnavailableError: as in `append`.
        """
        ...

    def show(self, subject: Live[M], message: M, **keys: str) -> None:
        """Send a live copy to whoever looks; never blocks, never fails."""
        ...

    async def serve(
        self, subject: Command[M, R], handler: Callable[[M], Awaitable[R]]
    ) -> Subscription:
        """Answer the command's requests with *handler* until stopped."""
        ...

    async def consume(
        self,
        subject: Event[M],
        handler: Callable[[M, Delivery], Awaitable[None]],
        *,
        durable: str,
        lanes: LanesOf | None = None,
        on_poison: PoisonHandler | None = None,
        max_tries: int = 5,
    ) -> Subscription:
        """Handle every event of the subject, over all its keys, from where *durable* stands.

        The log remembers what *durable* has acknowledged. For sinks and for the OMS's
        intake of reports. *on_poison* is called once an event has failed *max_tries*
        times; for `Poison.DEAD_LETTER` subjects the bus has then stored it in the
        dead-letter stream, for `Poison.HALT` subjects the consumer stays stopped before it.

        Without *lanes* one event follows another. With them, events are handled side by side as
        far as each one's lanes let it; a handler may then be given events again, behind one that
        failed, which it has had.
        """
        ...

    async def fold(
        self,
        subject: Event[M],
        handler: Callable[[M, Delivery], Awaitable[None]],
        *,
        from_seq: int = 1,
        until_seq: int | None = None,
        on_poison: PoisonHandler | None = None,
    ) -> Subscription:
        """Handle every event of the subject from sequence *from_seq* on, in order, without acks.

        Returns when all that was in the log at the time of the call has been handled, or all
        before *until_seq*; the subscription then follows the log. After a lost connection it goes
        on behind the last event handled.
        """
        ...

    async def watch(self, subject: Live[M], handler: Callable[[str, M], None]) -> Subscription:
        """Call *handler* with (subject name, message) for live copies, over all keys."""
        ...

    async def last_seq(self, stream: Stream) -> int:
        """Return the sequence of the newest event in *stream*, 0 when it is empty."""
        ...

    async def stream_state(self, stream: Stream) -> StreamState:
        """Return which stream this is and what it holds.

        Raises:
            BusUnavailableError: the log did not answer.
        """
        ...

    async def seq_at(self, stream: Stream, at_ns: TimeNs) -> int:
        """Return the first sequence that *stream* stored at *at_ns* or later.

        To the microsecond; where there is none yet, the sequence of the next event to come.

        Raises:
            BusUnavailableError: the log did not answer.
        """
        ...

    async def purge(self, stream: Stream, *, before_seq: int) -> None:
        """Discard what stands before *before_seq* in *stream*, for good. May be repeated.

        Sequences go on as if nothing had happened. A fold that begins further back begins
        at what is kept.

        Raises:
            BusUnavailableError: the log did not answer; whether it has done so is unknown.
        """
        ...

    async def is_reachable(self) -> bool:
        """Return whether the log answers at this moment."""
        ...

    async def close(self) -> None:
        """Stop every subscription after the event in hand, and leave."""
        ...
