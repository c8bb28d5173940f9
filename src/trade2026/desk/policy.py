"""The user's own policy at work: asked of every order, loaded from a file, changed while running.

An order waits for its policy, and never the loop. Orders are asked about one after another and
judged in the same turn, so that of two the second sees what the first has reserved. A file that
is wrong changes nothing: the policy before it stays in force, and an alert says why. Until there
is any that can be read, every order is refused.
"""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Final

import msgspec
from structlog.typing import FilteringBoundLogger

from trade2026.core.clock import Clock
from trade2026.core.errors import InvalidInputError, PolicyUnavailableError, UnavailableError
from trade2026.desk.alerts import AlertBoard
from trade2026.domain.risk.book import RiskBook
from trade2026.domain.risk.policy_question import (
    has_say,
    question,
    question_of_change,
    refusals_of,
    unanswered,
)
from trade2026.model.order import NewOrderSingle
from trade2026.model.policy import OrderQuestion
from trade2026.model.risk import GLOBAL_SCOPE, Refusal, RiskVerdict
from trade2026.ports.policy import OrderPolicy

LOOK_EVERY_S: Final = 0.5
WAIT_S: Final = 1.0
"""How long an order waits for its turn; with the policy's own time it is within the OMS's."""
FILE_BYTES_MOST: Final = 1 << 19
KIND: Final = "policy"


class RiskSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Section `risk`."""

    policy_file: str = ""
    """A Rego policy for orders, within the data directory unless absolute; empty is none."""
    policy_limit_s: Annotated[float, msgspec.Meta(gt=0, le=0.5)] = 0.5
    """How long it may take for one order, which is refused otherwise."""


class PolicyDesk:
    """Asks the policy in force.

    Args:
        path: where its text is.
        make: makes a policy of a text.
        clock: tells when an order is judged.
        alerts: where changes are told.
        log: for what is wrong with it.
    """

    def __init__(
        self,
        *,
        path: Path,
        make: Callable[[str], OrderPolicy],
        clock: Clock,
        alerts: AlertBoard,
        log: FilteringBoundLogger,
    ) -> None:
        self._path = path
        self._make = make
        self._clock = clock
        self._alerts = alerts
        self._log = log
        self._policy: OrderPolicy | None = None
        self._text: str = ""
        """Of the file when it was last looked at, good or bad."""
        self._problem = "it was not loaded yet"
        self._turn = asyncio.Lock()

    async def ping(self) -> str:
        """Return what is wrong with the policy, or an empty text."""
        return self._problem

    async def assess(self, book: RiskBook, order: NewOrderSingle) -> RiskVerdict:
        """Judge an order by every check and by the policy, and reserve for it where it passes."""
        if not has_say(book, order):
            return book.assess(order, self._clock.now_ns())
        async with self._in_turn() as is_late:
            words = is_late or await self._words(question(book, order, self._clock.now_ns()))
            return book.assess(order, self._clock.now_ns(), words)

    async def assess_change(self, book: RiskBook, order: NewOrderSingle) -> RiskVerdict:
        """Judge a change of an open order likewise."""
        async with self._in_turn() as is_late:
            asked = question_of_change(book, order, self._clock.now_ns())
            words = is_late or await self._words(asked)
            return book.assess_change(order, self._clock.now_ns(), words)

    async def words(self, book: RiskBook, order: NewOrderSingle) -> tuple[Refusal, ...]:
        """Return what the policy has against an order that nobody sends."""
        async with self._in_turn() as is_late:
            return is_late or await self._words(question(book, order, self._clock.now_ns()))

    async def load(self) -> None:
        """Put the policy of the file in force; where that cannot be, say why and change nothing."""
        try:
            text = read_policy(self._path)
        except InvalidInputError as error:
            await self._refuse(str(error))
            return
        if text == self._text:
            return
        self._text = text
        made = self._make(text)
        try:
            await made.start()
        except InvalidInputError as error:
            await self._refuse(f"{name_of(text)} of {self._path}: {error.why}")
            return
        except UnavailableError as error:
            # Of the machine, not of the policy: the next look tries again.
            self._text = ""
            await self._refuse(f"{name_of(text)} of {self._path}: {error}")
            return
        before, self._policy, self._problem = self._policy, made, ""
        if before is not None:
            await before.stop()
        await self._tell("WARN", f"policy {name_of(text)} of {self._path} is in force")

    async def run(self) -> None:
        """Look for another policy, and start again what has ended."""
        try:
            while True:
                await asyncio.sleep(LOOK_EVERY_S)
                await self.load()
                await self._revive()
        finally:
            if self._policy is not None:
                await self._policy.stop()

    @asynccontextmanager
    async def _in_turn(self) -> AsyncGenerator[tuple[Refusal, ...]]:
        """Wait for the turn; yield the refusal of an order that waited too long for it."""
        try:
            async with asyncio.timeout(WAIT_S):
                await self._turn.acquire()
        except TimeoutError:
            yield unanswered("too many orders wait for it")
            return
        try:
            yield ()
        finally:
            self._turn.release()

    async def _revive(self) -> None:
        if self._policy is None or self._policy.is_ready:
            return
        try:
            await self._policy.start()
        except (InvalidInputError, UnavailableError) as error:
            self._log.warning("policy does not start again", why=str(error))

    async def _words(self, asked: OrderQuestion | None) -> tuple[Refusal, ...]:
        if asked is None:
            return ()
        if self._policy is None:
            return unanswered(self._problem)
        try:
            return refusals_of(await self._policy.judge(asked))
        except PolicyUnavailableError as error:
            self._log.warning(
                "no word of the policy", order_id=asked.order.order_id, why=str(error)
            )
            return unanswered(str(error))

    async def _refuse(self, why: str) -> None:
        stays = (
            "every order is refused" if self._policy is None else "the one before stays in force"
        )
        self._problem = f"policy refused, {stays}: {why}"
        await self._tell("BREACH", self._problem)

    async def _tell(self, level: str, text: str) -> None:
        told = next((one for one, _ in self._alerts.newest() if one.kind == KIND), None)
        if told is None or told.text != text:
            await self._alerts.tell(level, KIND, GLOBAL_SCOPE, text)


def read_policy(path: Path) -> str:
    """Return the text of the policy in the file *path*.

    Raises:
        InvalidInputError: there is no such text.
    """
    try:
        with path.open("rb") as file:
            text = file.read(FILE_BYTES_MOST + 1)
    except OSError as error:
        raise InvalidInputError("policy", f"{path}: {error.strerror}") from error
    if len(text) > FILE_BYTES_MOST:
        raise InvalidInputError("policy", f"{path}: larger than {FILE_BYTES_MOST} bytes")
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidInputError("policy", f"{path}: not UTF-8") from error


def name_of(text: str) -> str:
    """Return what tells one policy from another: the beginning of its SHA-256."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]
