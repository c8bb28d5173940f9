"""A child process that cannot outlive its parent, with its output in a bounded log file.

On Linux the kernel sends the child a signal when its parent dies, also when the parent was
killed by SIGKILL. That signal belongs to the *thread* that forked, so children are started
from the main thread only; and a change of credentials clears it, so it is set after the
child has entered its user namespace.

Source: prctl(2), PR_SET_PDEATHSIG; user_namespaces(7).
"""

import asyncio
import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from trade2026.adapters.infra.log_file import last_words, rotate, tail
from trade2026.core.clock import NS_PER_S, Clock, SystemClock
from trade2026.core.errors import StartError

POLL_S: Final = 0.05
BEHIND: Final = 5
"""Niceness of what no order at the OMS waits for: a third of a share where two want one."""

_PR_SET_PDEATHSIG: Final = 1
_CLONE_NEWUSER: Final = 0x10000000
_LIBC: Final = ctypes.CDLL(None, use_errno=True)
_IS_LINUX: Final = sys.platform == "linux"


@dataclass(frozen=True, kw_only=True)
class Launch:
    """How a child is started and ended."""

    name: str
    """Names the log file and the errors."""
    argv: Sequence[str]
    log_path: Path
    environment: Mapping[str, str] | None = None
    """The child's whole environment; None inherits the parent's."""
    stop_signal: signal.Signals = signal.SIGTERM
    """Asks the child to end; sent by `stop`, and by the kernel when the parent dies."""
    in_user_namespace: bool = False
    """For programs that refuse to run as root."""
    niceness: int = 0
    """How far behind others it is where processors are short; see nice(2)."""


class ChildProcess:
    """One child, which may be started again after it ended."""

    def __init__(self, launch: Launch) -> None:
        self._launch = launch
        self._popen: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process id, None before the first start."""
        return None if self._popen is None else self._popen.pid

    @property
    def exit_code(self) -> int | None:
        """The exit code, negative for a signal; None while it runs or before a start."""
        return None if self._popen is None else self._popen.poll()

    @property
    def is_running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._popen is not None and self._popen.poll() is None

    def start(self) -> None:
        """Start the child; call it from the main thread.

        Raises:
            StartError: the program cannot be run.
        """
        assert not self.is_running
        assert threading.current_thread() is threading.main_thread()
        launch = self._launch
        launch.log_path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        rotate(launch.log_path)
        try:
            with launch.log_path.open("ab") as log:
                self._popen = subprocess.Popen(  # noqa: S603 - argv is ours, no shell
                    launch.argv,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    env=launch.environment,
                    # Its own session: Ctrl-C in the terminal reaches the parent only, which
                    # then stops its children in their order.
                    start_new_session=True,
                    # Runs between fork and exec and takes no lock.
                    preexec_fn=_preparation(launch),  # noqa: PLW1509 - nothing else sets it
                )
        except subprocess.SubprocessError:
            raise StartError(f"{launch.name}: {NO_USER_NAMESPACES}") from None
        except OSError as error:
            why = f"cannot run {launch.argv[0]}: {error.strerror}"
            raise StartError(f"{launch.name}: {why}") from None

    async def wait(self) -> int:
        """Return the exit code once the child has ended."""
        assert self._popen is not None
        # Polled, not awaited by the loop: a child may be waited for by another loop than the
        # one it was started in, and nothing of it hangs on a loop that has ended.
        while (code := self._popen.poll()) is None:  # noqa: ASYNC110 - see above
            await asyncio.sleep(POLL_S)
        return code

    async def stop(self, deadline_s: float) -> bool:
        """Ask the child to end, kill it after *deadline_s*; return whether it ended by itself."""
        popen = self._popen
        if popen is None or popen.poll() is not None:
            return True
        popen.send_signal(self._launch.stop_signal)
        try:
            async with asyncio.timeout(deadline_s):
                await self.wait()
        except TimeoutError:
            self.kill()
            await self.wait()
            return False
        return True

    def kill(self) -> None:
        """Kill the child and everything in its session at once."""
        popen = self._popen
        if popen is not None and popen.poll() is None:
            # The child leads its process group, and it is not reaped: the id is still its own.
            os.killpg(popen.pid, signal.SIGKILL)

    def log_tail(self, lines: int) -> str:
        """Return the last *lines* lines of the log, told for people."""
        return tail(self._launch.log_path, lines)

    async def until_ready(
        self,
        check: Callable[[], Awaitable[str]],
        *,
        deadline_s: float,
        poll_s: float = POLL_S,
        clock: Clock | None = None,
        is_alive: Callable[[], bool] = lambda: False,
        limit_s: float | None = None,
    ) -> None:
        """Wait until *check* finds nothing wrong; stop the child when it never does.

        Args:
            check: Returns what is wrong, empty when the child is ready.
            deadline_s: How long it may take, from the last sign of life.
            poll_s: How often *check* is asked.
            clock: For the deadline.
            is_alive: Whether the last *check* saw the child at work, not ready as it is.
            limit_s: How long it may take at most, whatever its signs of life.

        Raises:
            StartError: the child ended, or was not ready in time.
        """
        clock = clock or SystemClock()
        name, log_path = self._launch.name, self._launch.log_path
        begin_ns = sign_ns = clock.monotonic_ns()
        while True:
            # Ask first: what answers while the child is dead is somebody else.
            wrong = await check()
            if (code := self.exit_code) is not None:
                last = last_words(log_path)
                raise StartError(f"{name} ended with {code} ({last}); see {log_path}")
            if not wrong:
                return
            now_ns = clock.monotonic_ns()
            if is_alive():
                sign_ns = now_ns
            is_late = limit_s is not None and now_ns - begin_ns > limit_s * NS_PER_S
            if is_late or now_ns - sign_ns > deadline_s * NS_PER_S:
                await self.stop(1.0)
                took_s = (now_ns - begin_ns) / NS_PER_S
                why = f"{name} was not ready after {took_s:.0f} s ({wrong})"
                raise StartError(f"{why}; see {log_path}")
            await asyncio.sleep(poll_s)


NO_USER_NAMESPACES: Final = (
    "this kernel allows no user namespaces, which running as root needs; "
    "start the platform as an ordinary user"
)


def can_make_user_namespace() -> bool:
    """Return whether a child of this process may enter a user namespace of its own."""
    if not _IS_LINUX:
        return False
    try:
        subprocess.run(
            [sys.executable, "-S", "-c", ""],
            preexec_fn=_enter_user_namespace,
            check=True,
        )
    except subprocess.SubprocessError:
        return False
    return True


def _enter_user_namespace() -> None:
    if _LIBC.unshare(_CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "unshare")


def _preparation(launch: Launch) -> Callable[[], None]:
    parent_pid = os.getpid()

    def prepare() -> None:
        os.nice(launch.niceness)
        if launch.in_user_namespace:
            _enter_user_namespace()
        if not _IS_LINUX:
            return
        if _LIBC.prctl(_PR_SET_PDEATHSIG, int(launch.stop_signal), 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl")
        # The parent may have died between the fork and the line above.
        if os.getppid() != parent_pid:
            os._exit(1)

    return prepare
