"""The emergency stop from the machine: a real risk over HTTP, a token of the platform's keys."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from trade2026.adapters.bus.local import LocalBus, MemoryLog
from trade2026.adapters.policy.rego import RegoPolicy
from trade2026.cli.main import main
from trade2026.core.clock import SystemClock
from trade2026.core.errors import InvalidInputError, RefusedError, StartError, UnavailableError
from trade2026.core.ids import system_ids
from trade2026.edge.users import NewUser, UserAdministration
from trade2026.services import risk
from trade2026.shell.addresses import LocalAddresses
from trade2026.shell.guard import Doorkeeper
from trade2026.shell.operator import OPERATOR, Operator, operator_token
from trade2026.shell.runtime import Runtime, Surroundings, running
from trade2026.shell.secrets import BUS_SECRET, Secrets
from trade2026.shell.signing import KeyRing
from trade2026.shell.tokens import TokenVerifier

Reply = dict[str, Any]


class At(LocalAddresses):
    """Every component at one address."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url

    def url(self, component: str, port: str = "") -> str:
        del component, port
        return self._url

    def port(self, component: str, port: str = "") -> int:
        del component, port
        return int(self._url.rpartition(":")[2])


@asynccontextmanager
async def a_risk(data_dir: Path) -> AsyncGenerator[Runtime]:
    """Run risk behind the lock that every service has."""
    clock = SystemClock()
    keys = KeyRing(data_dir / "secrets", clock, system_ids())

    async def published() -> bytes:
        return msgspec.json.encode(keys.published())

    bus = LocalBus(MemoryLog(), clock, with_codec=False)
    doorkeeper = Doorkeeper(TokenVerifier(published, clock), RegoPolicy())
    around = Surroundings(bus=bus, doorkeeper=doorkeeper, data_dir=data_dir)
    async with running({"risk": risk.build}, around, http=True) as runtime:
        yield runtime
    await bus.close()


async def test_whoever_holds_the_secrets_can_kill_and_resume_without_a_password(
    tmp_path: Path,
) -> None:
    async with a_risk(tmp_path) as runtime:
        operator = Operator(tmp_path, At(runtime.url("risk")))
        body = {"scope": "global", "reason": "smoke"}
        killed = await operator.ask("risk", "POST", "/risk/kill", kind=Reply, body=body)
        modes = await operator.ask("risk", "GET", "/risk/modes", kind=Reply)
        resumed = await operator.ask("risk", "POST", "/risk/resume", kind=Reply, body={})

    assert (killed["mode"], killed["reason"]) == ("HALTED", "smoke")
    assert killed["cancel_open"] is True
    assert killed["asked_by"] == OPERATOR
    assert modes == {"global": "HALTED"}
    assert resumed["mode"] == "NORMAL"


async def test_keys_of_another_platform_open_nothing(tmp_path: Path) -> None:
    KeyRing(tmp_path / "other" / "secrets", SystemClock(), system_ids())

    async with a_risk(tmp_path / "this") as runtime:
        stranger = Operator(tmp_path / "other", At(runtime.url("risk")))
        with pytest.raises(RefusedError, match="risk: the token is signed by an unknown key"):
            await stranger.ask("risk", "POST", "/risk/kill", kind=Reply, body={})


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (
            {"scope": "everything"},
            "risk: scope: must be global, account:<id>, strategy:<id> or symbol:<s>",
        ),
        ({"reason": "x" * 257}, "risk: reason: .* <= 256"),
    ],
)
async def test_a_refusal_is_one_line_with_the_field(
    tmp_path: Path, body: dict[str, str], why: str
) -> None:
    async with a_risk(tmp_path) as runtime:
        operator = Operator(tmp_path, At(runtime.url("risk")))
        for path in ("/risk/kill", "/risk/resume"):
            with pytest.raises(RefusedError, match=f"^{why}$"):
                await operator.ask("risk", "POST", path, kind=Reply, body=body)


async def test_what_is_not_the_platform_is_not_believed(tmp_path: Path) -> None:
    KeyRing(tmp_path / "secrets", SystemClock(), system_ids())

    async def lie(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(lie, "127.0.0.1", 0)
    async with server:
        liar = At(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        with pytest.raises(UnavailableError, match="is not ptrc"):
            await Operator(tmp_path, liar).ask("ptrc", "GET", "/ledger", kind=Reply)


def test_a_token_needs_the_keys_of_a_platform_and_makes_none(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="there are no keys in"):
        operator_token(tmp_path)

    assert list(tmp_path.iterdir()) == []


async def test_no_user_is_called_as_the_operator() -> None:
    fields: Any = dict.fromkeys(("users", "passwords", "revocations", "clock", "ids"))

    with pytest.raises(InvalidInputError, match="is what the command line signs with"):
        await UserAdministration(**fields).create(NewUser(name=OPERATOR, password="x" * 12))


@pytest.mark.parametrize("verb", ["kill", "resume"])
def test_without_a_platform_the_command_says_so_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    nowhere = ["--data-dir", str(tmp_path), "--port-offset", "43210"]
    assert _main(monkeypatch, verb, *nowhere) == 2
    assert capsys.readouterr().err.count("\n") == 1

    KeyRing(tmp_path / "secrets", SystemClock(), system_ids())
    assert _main(monkeypatch, verb, *nowhere) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "risk does not answer on port" in said
    assert "http" not in said


def _main(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr("sys.argv", ["trade2026", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def test_a_replay_without_a_platform_says_so_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    KeyRing(tmp_path / "secrets", SystemClock(), system_ids())
    Secrets(tmp_path).get(BUS_SECRET)

    assert _main(monkeypatch, "replay", "--data-dir", str(tmp_path), "--port-offset", "43210") == 1

    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("trade2026: ptrc does not answer on port ")
    assert said.err.count("\n") == 1
