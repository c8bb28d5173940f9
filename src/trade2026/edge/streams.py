"""The stream of everything that moves: one WebSocket for a screen, ``/api/stream``.

Conflated topics tell the latest at the client's rate, lossless ones every event, with resume
from a sequence. A token comes as the subprotocol ``bearer.<token>``; without one the public
topics are open. What waits for a client does not grow while it is slow: nothing is written
before the socket's buffer has drained below its 64 kB, and then it is the latest. A client
that lossless events run away from is disconnected, and resumes from the sequence it has.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, Final

from litestar import WebSocket, websocket
from litestar.exceptions import WebSocketDisconnect
from litestar.handlers import BaseRouteHandler

from trade2026.core.clock import NS_PER_S, Clock
from trade2026.core.errors import InvalidInputError, RefusedError
from trade2026.desk.streams_hub import ACTION_OF, Hub, Topic
from trade2026.desk.streams_viewer import Viewer
from trade2026.edge.streams_words import (
    FAST_HZ,
    Denied,
    Error,
    Ping,
    Pong,
    Rate,
    Subscribe,
    Unsubscribe,
    Word,
    component_of,
    read_said,
    read_topic,
    written,
    written_change,
    written_news,
)
from trade2026.shell.access import AccountGuard, Principal, guard_of, public, stream_protocol
from trade2026.shell.front import WEBSOCKET_CODES
from trade2026.shell.problem import ProblemError
from trade2026.shell.survey import Finding

AnySocket = WebSocket[Any, Any, Any]

STREAM_PATH: Final = "/api/stream"
CLIENTS_MAX: Final = 500
ANSWERS_MAX: Final = 200
"""Answers that wait for a client; one that asks for more without reading is cut off."""
SEND_LIMIT_S: Final = 10.0
"""How long a client may not read at all."""
CLOSE_LIMIT_S: Final = 1.0
HEALTH_EVERY_S: Final = 1.0
LEFT: Final = (0, "")
TRY_LATER: Final = 1013
TOO_SLOW: Final = 4008
"""The client did not keep up; it may come back and resume."""
EXPIRED: Final = WEBSOCKET_CODES + HTTPStatus.UNAUTHORIZED
NO_TOKEN: Final = "token.missing"  # noqa: S105 - the name of a rule.


class Session:
    """One client's connection."""

    def __init__(
        self, socket: AnySocket, hub: Hub, clock: Clock, principal: Principal | None
    ) -> None:
        """Talk over *socket*, which is accepted, with *principal*, None without a token."""
        self._socket = socket
        self._clock = clock
        self._principal = principal
        self._guard: AccountGuard = guard_of(socket)
        self._viewer = Viewer(hub)
        self._answers: deque[str] = deque()
        self._hz: int = FAST_HZ

    async def run(self) -> None:
        """Talk until the client leaves, its token ends, or it does not keep up."""
        try:
            async with asyncio.timeout(self._lives_s()):
                code, reason = await self._talk()
        except TimeoutError:
            code, reason = EXPIRED, "the token has expired"
        finally:
            self._viewer.close()
        if code:
            # The close waits for the buffer, too; one who does not read is not waited for.
            with contextlib.suppress(TimeoutError, OSError):
                async with asyncio.timeout(CLOSE_LIMIT_S):
                    await self._socket.close(code=code, reason=reason)

    def _lives_s(self) -> float | None:
        if self._principal is None or self._principal.expires_ns is None:
            return None
        return max(0.0, (self._principal.expires_ns - self._clock.now_ns()) / NS_PER_S)

    async def _talk(self) -> tuple[int, str]:
        """Return with what code to close, 0 when the client has left, and why."""
        async with asyncio.TaskGroup() as tasks:
            both = {tasks.create_task(self._read()), tasks.create_task(self._send())}
            done, left = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            for task in left:
                task.cancel()
        return next(iter(done)).result()

    async def _read(self) -> tuple[int, str]:
        try:
            while True:
                said = await self._socket.receive_text()
                if len(self._answers) >= ANSWERS_MAX:
                    return TOO_SLOW, "too many answers wait to be read"
                self._hear(said)
        except WebSocketDisconnect:
            return LEFT

    def _hear(self, said: str) -> None:
        try:
            self._obey(read_said(said))
        except InvalidInputError as error:
            self._answer(Error(str(error)))
        except RefusedError as error:
            self._answer(Error(str(error)))

    def _obey(self, word: Word) -> None:
        match word:
            case Subscribe():
                self._subscribe(read_topic(word.topic), word.after)
            case Unsubscribe():
                self._viewer.leave(read_topic(word.topic))
            case Rate():
                self._hz = word.hz
            case Ping():
                self._answer(Pong(word.id, self._clock.now_ns()))

    def _subscribe(self, topic: Topic, after: int | None) -> None:
        rule = self._refusing_rule(topic)
        if rule:
            self._viewer.leave(topic)
            self._answer(Denied(topic.text, rule))
        else:
            self._viewer.follow(topic, after)

    def _refusing_rule(self, topic: Topic) -> str:
        action = ACTION_OF.get(topic.kind)
        if action is None:
            return ""
        if self._principal is None:
            return NO_TOKEN
        try:
            self._guard.require(self._principal, action, topic.key)
        except ProblemError as problem:
            return problem.rule or problem.detail
        return ""

    def _answer(self, message: Pong | Error | Denied) -> None:
        self._answers.append(written(message))
        self._viewer.signal.set()

    async def _send(self) -> tuple[int, str]:
        loop = asyncio.get_running_loop()
        due = loop.time()
        try:
            while True:
                await self._until_due(due)
                while self._answers:
                    await self._write(self._answers.popleft())
                for news in self._viewer.take_news():
                    for text in written_news(news):
                        await self._write(text)
                if self._viewer.is_too_slow:
                    return TOO_SLOW, "too slow: come back and resume"
                if self._viewer.has_changes and loop.time() >= due:
                    due = loop.time() + 1 / self._hz
                    for topic, change in self._viewer.take_changes():
                        await self._write(written_change(topic, change))
        except TimeoutError:
            return TOO_SLOW, "nothing was read for too long"
        except (WebSocketDisconnect, OSError):
            return LEFT

    async def _until_due(self, due: float) -> None:
        """Return when there is something to tell: changes when they are due, the rest at once."""
        signal = self._viewer.signal
        if self._viewer.has_changes:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(due):
                    await signal.wait()
                    # What woke us may be a change, which waits for its time.
        else:
            await signal.wait()
        signal.clear()

    async def _write(self, text: str) -> None:
        # The server waits here while the socket's buffer is above its 64 kB.
        async with asyncio.timeout(SEND_LIMIT_S):
            await self._socket.send_data(text, mode="text")


class HealthTeller:
    """Shows how the components are to those who follow it."""

    def __init__(
        self, hub: Hub, findings: Callable[[], Awaitable[tuple[Finding, ...]]], clock: Clock
    ) -> None:
        self._hub = hub
        self._findings = findings
        self._clock = clock

    async def keep(self) -> None:
        """Ask the components once a second while anybody follows their health."""
        while True:
            if self._hub.is_health_watched:
                components = {one.component: component_of(one) for one in await self._findings()}
                self._hub.on_health(components, self._clock.now_ns())
            await asyncio.sleep(HEALTH_EVERY_S)


class _Clients:
    """How many there are."""

    def __init__(self) -> None:
        self.count = 0


def stream_route(hub: Hub, clock: Clock) -> BaseRouteHandler:
    """Return the WebSocket route."""
    clients = _Clients()

    @websocket(STREAM_PATH, opt=public())
    async def stream(socket: AnySocket) -> None:
        """Tell what moves."""
        # Accepted before anything is refused: a browser sees no reason otherwise.
        await socket.accept(subprotocols=stream_protocol(socket))
        if clients.count >= CLIENTS_MAX:
            await socket.close(code=TRY_LATER, reason="too many clients")
            return
        clients.count += 1
        try:
            principal = await guard_of(socket).identify(socket)
            await Session(socket, hub, clock, principal).run()
        except ProblemError as problem:
            await socket.close(code=WEBSOCKET_CODES + problem.status, reason=problem.detail)
        finally:
            clients.count -= 1

    handler: Any = stream
    return handler
