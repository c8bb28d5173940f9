"""The bus's connection to the NATS server: it comes back, and so does all that was asked of it.

What is under way when a connection is lost ends at once. Nothing is kept to be sent afterwards: a
command that arrives after its asker has given up may act on an order nobody stands behind. A new
wire takes the place of the lost one, every subscription is made again, and listeners are told.
"""

import asyncio
import contextlib
import secrets
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any, Final, Self

import structlog

from trade2026.adapters.bus.attempt import reason_of
from trade2026.adapters.bus.message import Message, Take, check_subject
from trade2026.adapters.bus.task import Tasks
from trade2026.adapters.bus.wire import CONNECT_TIMEOUT_S, UserRefusedError, Wire
from trade2026.core.errors import BusUnavailableError, StartError

SEND_S: Final = 1.0
"""How long who publishes waits at most for a server that takes nothing."""
FIRST_PAUSE_S: Final = 0.05
LAST_PAUSE_S: Final = 1.0
NO_RESPONDERS: Final = "503"

_LOG = structlog.get_logger("trade2026.bus")


class _Interest:
    """A subscription that outlives the wires it is made on."""

    def __init__(self, subject: str, queue: str, take: Take) -> None:
        self.subject = subject
        self.queue = queue
        self.take = take
        self.leave: Callable[[], None] | None = None

    def make(self, wire: Wire) -> None:
        self.leave = wire.subscribe(self.subject, self.take, queue=self.queue)


class Connection:
    """A connection to one server, for as long as it is not closed."""

    def __init__(self, url: str, user: str, password: str, name: str) -> None:
        self._url = url
        self._user = user
        self._password = password
        self._name = name
        self._wire: Wire | None = None
        self._up = asyncio.Event()
        self._lost = asyncio.Event()
        self._tasks = Tasks()
        self._interests: list[_Interest] = []
        self._listeners: list[Callable[[], None]] = []
        self._waiting: dict[str, asyncio.Future[Message]] = {}
        self._tokens = count()
        self._line = asyncio.Lock()
        self._in_line_count = 0
        """Who waits to send, while the server takes nothing: one after another."""
        self._is_closed = False
        # Unpredictable: nobody else may answer what is asked.
        self.inbox = f"_INBOX.{secrets.token_hex(12)}"

    @classmethod
    async def open(
        cls, *, url: str, user: str, password: str, name: str, timeout_s: float = 10.0
    ) -> Self:
        """Connect.

        Raises:
            StartError: the server refuses the user.
            BusUnavailableError: no server answered within *timeout_s* seconds.
        """
        self = cls(url, user, password, name)
        self._interests.append(_Interest(f"{self.inbox}.r.*", "", self._take_reply))
        try:
            async with asyncio.timeout(timeout_s):
                await self._connect(is_first=True)
        except TimeoutError as error:
            raise BusUnavailableError(f"no message bus answers at {url}") from error
        self._tasks.keep(self._stay_connected(), name="bus connection")
        return self

    @property
    def is_up(self) -> bool:
        """Whether the server answered lately."""
        return not self._is_closed and self._up.is_set() and self._is_wired

    @property
    def _is_wired(self) -> bool:
        return self._wire is not None and self._wire.is_connected

    @property
    def failure(self) -> str:
        """Why the connection will not come back; empty while all is well."""
        return self._tasks.failure

    async def until_up(self, timeout_s: float | None = None) -> None:
        """Return when there is a connection.

        Raises:
            BusUnavailableError: there was none within *timeout_s* seconds, or it was closed.
        """
        if self.is_up:
            return
        try:
            async with asyncio.timeout(timeout_s):
                if not self._is_closed:
                    await self._up.wait()
        except TimeoutError as error:
            raise BusUnavailableError(f"the message bus at {self._url} is away") from error
        if self._is_closed:
            raise BusUnavailableError("the bus is closed")

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call *listener* whenever the connection was lost and is back; return how to leave."""
        self._listeners.append(listener)

        def leave() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return leave

    async def publish(
        self,
        subject: str,
        data: bytes,
        *,
        reply: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Send a message to whoever is there; waits while the server takes no more.

        What is published is sent in the order of the calls.

        Raises:
            BusUnavailableError: there is no connection, or the server took nothing for `SEND_S`.
            CodecError: the message cannot be sent, as one larger than the server takes.
        """
        await self._send(subject, data, reply=reply, headers=headers, timeout_s=SEND_S)

    async def _send(
        self,
        subject: str,
        data: bytes,
        *,
        reply: str,
        headers: Mapping[str, str] | None,
        timeout_s: float,
    ) -> None:
        wire = self._wire
        if wire is None:
            raise BusUnavailableError(f"the message bus at {self._url} is away")
        if wire.is_writable and not self._in_line_count:
            wire.publish(subject, data, reply=reply, headers=headers)
            return
        self._in_line_count += 1
        try:
            async with asyncio.timeout(timeout_s), self._line:
                while not wire.is_writable:
                    await wire.until_writable()
                wire.publish(subject, data, reply=reply, headers=headers)
        except TimeoutError as error:
            # It is not sent later either: nobody stands behind it any more.
            raise BusUnavailableError(f"not sent to {subject} within {timeout_s:g} s") from error
        finally:
            self._in_line_count -= 1

    async def request(
        self,
        subject: str,
        data: bytes,
        *,
        timeout_s: float,
        headers: Mapping[str, str] | None = None,
    ) -> Message:
        """Return the answer to a message.

        Raises:
            BusUnavailableError: nobody is there to answer, the connection was lost, or no
                answer came within *timeout_s* seconds.
            CodecError: the message cannot be sent, as one larger than the server takes.
        """
        if not self.is_up:
            raise BusUnavailableError(f"the message bus at {self._url} is away")
        if timeout_s <= 0:
            raise BusUnavailableError(f"no time is left to ask {subject}")
        loop = asyncio.get_running_loop()
        token = str(next(self._tokens))
        answer: asyncio.Future[Message] = loop.create_future()
        self._waiting[token] = answer
        # A handle, and no block with a time limit: this is on every order's way, many times.
        expiry = loop.call_later(timeout_s, _expire, answer)
        try:
            reply = f"{self.inbox}.r.{token}"
            await self._send(subject, data, reply=reply, headers=headers, timeout_s=timeout_s)
            message = await answer
        except TimeoutError as error:
            raise BusUnavailableError(f"no answer on {subject} within {timeout_s:g} s") from error
        finally:
            expiry.cancel()
            self._waiting.pop(token, None)
        if message.status == NO_RESPONDERS:
            raise BusUnavailableError(f"nobody serves {subject}")
        return message

    def _take_reply(self, message: Message) -> None:
        answer = self._waiting.get(message.subject.rpartition(".")[2])
        if answer is not None and not answer.done():
            answer.set_result(message)

    async def subscribe(self, subject: str, take: Take, *, queue: str = "") -> Callable[[], Any]:
        """Call *take* for every message on *subject*, over all connections to come.

        Returns:
            An async function that ends it.

        Raises:
            CodecError: *subject* is none.
        """
        check_subject(subject)
        interest = _Interest(subject, queue, take)
        self._interests.append(interest)
        if self._wire is not None:
            with contextlib.suppress(BusUnavailableError):
                # Away at this moment: it is made when the connection comes back.
                interest.make(self._wire)

        async def leave() -> None:
            if interest in self._interests:
                self._interests.remove(interest)
            if interest.leave is not None:
                interest.leave()

        return leave

    async def flush(self, timeout_s: float) -> None:
        """Return when the server has taken all that was sent before, or the time is over."""
        if self._wire is not None:
            with contextlib.suppress(TimeoutError, BusUnavailableError):
                async with asyncio.timeout(timeout_s):
                    await self._wire.ping()

    async def _connect(self, *, is_first: bool) -> None:
        pause_s = FIRST_PAUSE_S
        why = ""
        while True:
            wire = None
            try:
                wire = await Wire.open(
                    self._url,
                    user=self._user,
                    password=self._password,
                    name=self._name,
                    on_lost=self._on_lost,
                )
                # Before the rest: who subscribes meanwhile does so on this one.
                self._wire = wire
                for interest in self._interests:
                    interest.make(wire)
                async with asyncio.timeout(CONNECT_TIMEOUT_S):
                    await wire.ping()
            except asyncio.CancelledError:
                await _close(wire)
                raise
            except (BusUnavailableError, OSError, TimeoutError) as error:
                await _close(wire)
                if is_first and isinstance(error, UserRefusedError):
                    raise StartError(
                        f"the message bus at {self._url} refuses user {self._user}"
                    ) from error
                if reason_of(error) != why:
                    why = reason_of(error)
                    _LOG.warning("message bus away", url=self._url, reason=why)
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, LAST_PAUSE_S)
                continue
            self._up.set()
            return

    async def _stay_connected(self) -> None:
        while True:
            await self._lost.wait()
            self._lost.clear()
            if self.is_up:
                # Word of one that never came to be.
                continue
            self._up.clear()
            self._end_requests("the connection to the message bus was lost")
            _LOG.warning("message bus lost", url=self._url)
            await self._connect(is_first=False)
            _LOG.info("message bus back", url=self._url)
            for listener in list(self._listeners):
                listener()

    def _on_lost(self) -> None:
        if not self._is_wired:
            self._up.clear()
        self._lost.set()

    def _end_requests(self, why: str) -> None:
        for answer in list(self._waiting.values()):
            _fail(answer, BusUnavailableError(why))

    async def close(self) -> None:
        """Leave, within a second, whether the server is there or not."""
        self._is_closed = True
        # Whoever waits for a connection hears that none comes.
        self._up.set()
        await self._tasks.finish(grace_s=0)
        self._end_requests("the bus is closed")
        await _close(self._wire)


def _expire(answer: asyncio.Future[Message]) -> None:
    _fail(answer, TimeoutError())


def _fail(answer: asyncio.Future[Message], error: Exception) -> None:
    if not answer.done():
        answer.set_exception(error)
        # Whoever asked may be gone, or still wait to send.
        answer.exception()


async def _close(wire: Wire | None) -> None:
    if wire is not None:
        await wire.close()
