"""Children end with their parent, however it ends; logs stay bounded; a stop is bounded."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.ports import free_port

from trade2026.adapters.infra import log_file
from trade2026.adapters.infra.log_file import tail
from trade2026.adapters.infra.process import ChildProcess, Launch
from trade2026.core.errors import StartError

pytestmark = pytest.mark.integration

PARENT = """
import asyncio, sys
from pathlib import Path
from trade2026.adapters.infra.nats import NatsServer
from trade2026.adapters.infra.postgres import PostgresServer
from trade2026.adapters.infra.process import ChildProcess, Launch
from trade2026.adapters.infra.valkey import ValkeyServer

data_dir, *ports = sys.argv[1:]
folder = Path(data_dir)
a, b, c, d = map(int, ports)

async def main():
    servers = [
        NatsServer(folder, client_port=a, http_port=b, user="u", password="p"),
        ValkeyServer(folder, port=c, password="p"),
        PostgresServer(folder, port=d, password="p"),
    ]
    for server in servers:
        await server.start()
    sleeper = ChildProcess(
        Launch(name="sleeper", argv=["sleep", "1000"], log_path=folder / "sleeper.log")
    )
    sleeper.start()
    print(*(child.pid for child in (*servers, sleeper)), flush=True)
    await asyncio.sleep(1000)

asyncio.run(main())
"""


def _python(code: str, log_path: Path) -> ChildProcess:
    argv = [sys.executable, "-c", code]
    return ChildProcess(Launch(name="child", argv=argv, log_path=log_path))


def _is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@pytest.mark.skipif(sys.platform != "linux", reason="the death signal is Linux's")
def test_every_child_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    ports = [str(free_port()) for _ in range(4)]
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path / "data"), *ports], stdout=subprocess.PIPE
    )
    assert parent.stdout is not None
    pids = [int(text) for text in parent.stdout.readline().split()]
    assert [_is_alive(pid) for pid in pids] == [True] * 4

    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()

    deadline = time.monotonic() + 20
    while any(_is_alive(pid) for pid in pids):
        assert time.monotonic() < deadline
        time.sleep(0.05)


async def test_a_child_that_ignores_the_signal_is_killed(tmp_path: Path) -> None:
    code = "import signal, time; signal.signal(15, signal.SIG_IGN); print(1, flush=True)"
    child = _python(f"{code}; time.sleep(1000)", tmp_path / "log")
    child.start()
    while not tail(tmp_path / "log", 1):  # noqa: ASYNC110 - a file makes no event
        await asyncio.sleep(0.01)

    ended_by_itself = await child.stop(0.2)

    assert not ended_by_itself
    assert child.exit_code == -signal.SIGKILL


async def test_a_child_that_heeds_the_signal_ends_by_itself(tmp_path: Path) -> None:
    child = ChildProcess(Launch(name="c", argv=["sleep", "1000"], log_path=tmp_path / "log"))
    child.start()

    assert await child.stop(10)
    assert child.exit_code == -signal.SIGTERM
    assert not child.is_running


async def test_a_child_leads_a_session_of_its_own(tmp_path: Path) -> None:
    child = ChildProcess(Launch(name="c", argv=["sleep", "1000"], log_path=tmp_path / "log"))
    child.start()

    assert child.pid is not None
    assert os.getsid(child.pid) == child.pid != os.getsid(0)

    await child.stop(10)


async def test_output_is_appended_and_a_large_log_is_set_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_path = tmp_path / "logs" / "child.log"
    monkeypatch.setattr(log_file, "LOG_BYTES_MAX", 20)
    child = _python("print('0123456789')", log_path)

    for _ in range(3):
        child.start()
        await child.wait()

    assert log_path.read_text() == "0123456789\n"
    assert log_path.with_name("child.log.1").read_text() == "0123456789\n" * 2


async def test_a_program_that_does_not_exist_is_one_line(tmp_path: Path) -> None:
    child = ChildProcess(Launch(name="X", argv=["/no/such"], log_path=tmp_path / "log"))

    with pytest.raises(StartError, match="X: cannot run /no/such: No such file"):
        child.start()


async def test_a_child_that_ends_before_it_is_ready_tells_its_last_words(tmp_path: Path) -> None:
    child = _python("import sys; print('why'); sys.exit(3)", tmp_path / "log")

    async def never() -> str:
        return "no answer"

    child.start()
    with pytest.raises(StartError, match=r"child ended with 3 \(why\); see .*log"):
        await child.until_ready(never, deadline_s=30)


async def test_what_answers_while_the_child_is_dead_is_not_taken_for_it(tmp_path: Path) -> None:
    child = _python("", tmp_path / "log")

    async def somebody_else() -> str:
        await child.wait()
        return ""

    child.start()
    with pytest.raises(StartError, match="ended with 0"):
        await child.until_ready(somebody_else, deadline_s=30)


async def test_a_child_that_is_never_ready_is_stopped(tmp_path: Path) -> None:
    child = ChildProcess(Launch(name="c", argv=["sleep", "1000"], log_path=tmp_path / "log"))

    async def never() -> str:
        return "still loading"

    child.start()
    with pytest.raises(StartError, match=r"not ready after 0 s \(still loading\)"):
        await child.until_ready(never, deadline_s=0.1)
    assert not child.is_running


async def test_a_child_that_is_at_work_may_take_longer(tmp_path: Path) -> None:
    child = ChildProcess(Launch(name="c", argv=["sleep", "1000"], log_path=tmp_path / "log"))
    answers = iter(["reading"] * 20)

    async def reading() -> str:
        return next(answers, "")

    child.start()
    await child.until_ready(
        reading, deadline_s=0.01, poll_s=0.03, is_alive=lambda: True, limit_s=600
    )
    assert child.is_running
    await child.stop(5)


async def test_a_child_that_is_at_work_for_ever_is_stopped(tmp_path: Path) -> None:
    child = ChildProcess(Launch(name="c", argv=["sleep", "1000"], log_path=tmp_path / "log"))

    async def reading() -> str:
        return "reading"

    child.start()
    with pytest.raises(StartError, match=r"not ready after 0 s \(reading\)"):
        await child.until_ready(reading, deadline_s=600, is_alive=lambda: True, limit_s=0.1)
    assert not child.is_running


async def test_a_child_that_nobody_waits_for_is_behind_the_others(tmp_path: Path) -> None:
    argv = ["sleep", "1000"]
    launch = Launch(name="child", argv=argv, log_path=tmp_path / "child.log", niceness=5)
    child = ChildProcess(launch)
    child.start()
    assert child.pid is not None
    niceness = os.getpriority(os.PRIO_PROCESS, child.pid)
    child.kill()
    await child.wait()

    assert niceness == os.getpriority(os.PRIO_PROCESS, 0) + 5
