"""The one door to the NATS client: a connection that comes back, with typed messages.

The client's own reconnecting is off. It keeps what was published during an outage and
sends it afterwards, and a command that arrives after its asker has given up may act on an
order nobody stands behind. It also waits out the whole time limit of requests that died
with the server. Here a lost connection ends what was under way at once, a new client takes
its place, every subscription is made again, and listeners are told.
"""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any, Final, Self

import msgspec
import nats.errors
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg

from trade2026.adapters.bus.attempt import reason_of
from trade2026.adapters.bus.task import Tasks
from trade2026.core.errors import BusUnavailableError, CodecError, StartError

CONNECT_TIMEOUT_S: Final = 1
PING_S: Final = 5
"""A server that neither answers nor hangs up is given up after three of these."""
POLL_S: Final = 0.1
FIRST_PAUSE_S: Final = 0.05
LAST_PAUSE_S: Final = 1.0
CLOSE_S: Final = 0.5
NO_RESPONDERS: Final = "503"
STATUS: Final = "Status"

_LOG = structlog.get_logger("trade2026.bus")


class Message(msgspec.Struct, frozen=True):
    """A message as it came from the server."""

    subject: str
    reply: str
    data: bytes
    headers: Mapping[str, str]


class _Interest:
    """A subscription that outlives the clients it is made on."""

    def __init__(self, subject: str, queue: str, take: Callable[[Message], None]) -> None:
        self.subject = subject
        self.queue = queue
        self.take = take
        self.leave: Callable[[], Any] | None = None

    async def make(self, client: Client) -> None:
        subscription = await client.subscribe(  # pyright: ignore[reportUnknownMemberType]
            self.subject, queue=self.queue, cb=self._on_message
        )
        self.leave = subscription.unsubscribe

    async def _on_message(self, message: Msg) -> None:
        self.take(
            Message(message.subject, message.reply, message.data, dict(message.headers or {}))
        )


class Connection:
    """A connection to one server, for as long as it is not closed."""

    def __init__(self, url: str, user: str, password: str, name: str) -> None:
        self._url = url
        self._user = user
        self._password = password
        self._name = name
        self._client = Client()
        self._up = asyncio.Event()
        self._lost = asyncio.Event()
        self._tasks = Tasks()
        self._interests: list[_Interest] = []
        self._listeners: list[Callable[[], None]] = []
        self._waiting: dict[str, asyncio.Future[Message]] = {}
        self._tokens = count()
        self._is_closed = False
        # Unpredictable, as the client makes it; the client itself is never connected.
        self.inbox = Client().new_inbox()

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
        return self._up.is_set() and self._client.is_connected

    @property
    def failure(self) -> str:
        """Why the connection will not come back; empty while all is well."""
        return self._tasks.failure

    async def until_up(self, timeout_s: float | None = None) -> None:
        """Return when there is a connection.

        Raises:
            BusUnavailableError: there was none within *timeout_s* seconds, or it was closed.
        """
        if self._is_closed:
            raise BusUnavailableError("the bus is closed")
        if self.is_up:
            return
        try:
            async with asyncio.timeout(timeout_s):
                await self._up.wait()
        except TimeoutError as error:
            raise BusUnavailableError(f"the message bus at {self._url} is away") from error

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
        headers: dict[str, str] | None = None,
    ) -> None:
        """Send a message to whoever is there.

        Raises:
            BusUnavailableError: there is no connection.
            CodecError: the message is larger than the server takes.
        """
        try:
            await self._client.publish(subject, data, reply=reply, headers=headers)
        except nats.errors.MaxPayloadError as error:
            raise CodecError(f"{len(data)} bytes are too many for {subject}") from error
        except (nats.errors.Error, OSError) as error:
            raise BusUnavailableError(f"not sent to {subject}: {reason_of(error)}") from error

    async def request(
        self,
        subject: str,
        data: bytes,
        *,
        timeout_s: float,
        headers: dict[str, str] | None = None,
    ) -> Message:
        """Return the answer to a message.

        Raises:
            BusUnavailableError: nobody is there to answer, the connection was lost, or no
                answer came within *timeout_s* seconds.
            CodecError: the message is larger than the server takes.
        """
        if not self.is_up:
            raise BusUnavailableError(f"the message bus at {self._url} is away")
        token = str(next(self._tokens))
        answer: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._waiting[token] = answer
        try:
            async with asyncio.timeout(timeout_s):
                await self.publish(subject, data, reply=f"{self.inbox}.r.{token}", headers=headers)
                message = await answer
        except TimeoutError as error:
            raise BusUnavailableError(f"no answer on {subject} within {timeout_s:g} s") from error
        finally:
            self._waiting.pop(token, None)
        if message.headers.get(STATUS) == NO_RESPONDERS:
            raise BusUnavailableError(f"nobody serves {subject}")
        return message

    def _take_reply(self, message: Message) -> None:
        answer = self._waiting.get(message.subject.rpartition(".")[2])
        if answer is not None and not answer.done():
            answer.set_result(message)

    async def subscribe(
        self, subject: str, take: Callable[[Message], None], *, queue: str = ""
    ) -> Callable[[], Any]:
        """Call *take* for every message on *subject*, over all connections to come.

        Returns:
            An async function that ends it.
        """
        interest = _Interest(subject, queue, take)
        self._interests.append(interest)
        with contextlib.suppress(nats.errors.Error, OSError):
            # Away at this moment: it is made when the connection comes back.
            await interest.make(self._client)

        async def leave() -> None:
            if interest in self._interests:
                self._interests.remove(interest)
            if interest.leave is not None:
                with contextlib.suppress(nats.errors.Error, OSError):
                    await interest.leave()

        return leave

    async def flush(self, timeout_s: float) -> None:
        """Return when the server has taken all that was sent before, or the time is over."""
        # The client's own flush sends its ping past what still waits to be sent.
        token = str(next(self._tokens))
        echo: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._waiting[token] = echo
        try:
            async with asyncio.timeout(timeout_s):
                await self.publish(f"{self.inbox}.r.{token}", b"")
                await echo
        except (TimeoutError, BusUnavailableError):
            return
        finally:
            self._waiting.pop(token, None)

    async def _connect(self, *, is_first: bool) -> None:
        pause_s = FIRST_PAUSE_S
        why = ""
        while True:
            client = Client()
            try:
                await client.connect(
                    self._url,
                    user=self._user,
                    password=self._password,
                    name=self._name,
                    allow_reconnect=False,
                    connect_timeout=CONNECT_TIMEOUT_S,
                    ping_interval=PING_S,
                    error_cb=self._on_error,
                    closed_cb=self._on_closed,
                )
                for interest in list(self._interests):
                    await interest.make(client)
                await client.flush(CONNECT_TIMEOUT_S)
            except asyncio.CancelledError:
                await _close(client)
                raise
            except (nats.errors.Error, OSError, TimeoutError) as error:
                await _close(client)
                if is_first and "authorization" in str(error).lower():
                    raise StartError(
                        f"the message bus at {self._url} refuses user {self._user}"
                    ) from error
                if reason_of(error) != why:
                    why = reason_of(error)
                    _LOG.warning("message bus away", url=self._url, reason=why)
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, LAST_PAUSE_S)
                continue
            self._client = client
            self._lost.clear()
            self._up.set()
            return

    async def _stay_connected(self) -> None:
        while True:
            # The client's own word of the loss is quick; looking is certain.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(POLL_S):
                    await self._lost.wait()
            if self._client.is_connected:
                self._lost.clear()
                continue
            self._up.clear()
            self._end_requests("the connection to the message bus was lost")
            _LOG.warning("message bus lost", url=self._url)
            await _close(self._client)
            await self._connect(is_first=False)
            _LOG.info("message bus back", url=self._url)
            for listener in list(self._listeners):
                listener()

    def _end_requests(self, why: str) -> None:
        for answer in list(self._waiting.values()):
            if not answer.done():
                answer.set_exception(BusUnavailableError(why))

    async def _on_error(self, error: Exception) -> None:
        _LOG.debug("message bus client", reason=reason_of(error))

    async def _on_closed(self) -> None:
        self._lost.set()

    async def close(self) -> None:
        """Leave, within a second, whether the server is there or not."""
        self._is_closed = True
        self._up.clear()
        await self._tasks.finish(grace_s=0)
        self._end_requests("the bus is closed")
        await _close(self._client)


async def _close(client: Client) -> None:
    with contextlib.suppress(nats.errors.Error, OSError, TimeoutError, AssertionError):
        async with asyncio.timeout(CLOSE_S):
            await client.close()
