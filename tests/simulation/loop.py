"""An event loop whose time is simulated: where it would wait, it goes on at once, later."""

import asyncio
import selectors
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any, TypeVar

from tests.factories import NOW_NS

from trade2026.core.clock import NS_PER_S, TimeNs

T = TypeVar("T")


class DeadlockError(Exception):
    """Nothing will ever happen again."""


class _Jumping(selectors.SelectSelector):
    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0)
        if not ready:
            if timeout is None:
                raise DeadlockError
            self.now_s += max(0.0, timeout)
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop in which nothing takes time but waiting, and work for threads is done at once."""

    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        """Return the simulated time, in seconds."""
        return self._jumping.now_s

    def run_in_executor(
        self, executor: Executor | None, func: Callable[..., T], *args: Any
    ) -> "asyncio.Future[T]":
        """Call *func* now: threads would make the order of events a matter of luck."""
        del executor
        future: asyncio.Future[T] = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - it is the caller's, as from a thread.
            future.set_exception(error)
        return future


class LoopClock:
    """The running loop's time as a clock."""

    def now_ns(self) -> TimeNs:
        """Return the simulated time."""
        return TimeNs(NOW_NS + self.monotonic_ns())

    def monotonic_ns(self) -> int:
        """Return the time since the loop began."""
        return round(asyncio.get_running_loop().time() * NS_PER_S)
