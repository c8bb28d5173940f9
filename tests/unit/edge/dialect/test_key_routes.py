"""Keys over PRISM's own API: how long they are good, who made them, and what is said of it."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import httpx
import pytest
from litestar.handlers import BaseRouteHandler
from structlog.testing import capture_logs
from tests.doors import ADMIN, OpenDoor
from tests.prism import a_clock, living

from trade2026.adapters.bus.local import LocalBus
from trade2026.adapters.bus.memory import MemoryLog
from trade2026.core import chance
from trade2026.core.clock import NS_PER_S, SystemClock
from trade2026.core.ids import Ids
from trade2026.edge.dialect.connection import Connection as Socket
from trade2026.edge.dialect.desk import Desk
from trade2026.edge.dialect.errors import DialectError
from trade2026.edge.dialect.gate import known_key
from trade2026.edge.dialect.keys import KEYS_SECRET, KeyStore
from trade2026.edge.dialect.user_streams import UserStreams
from trade2026.model import codec
from trade2026.model.audit import DeedDone
from trade2026.model.subjects import Stream
from trade2026.services import prism
from trade2026.shell.access import Connection, Principal
from trade2026.shell.runtime import Surroundings, running
from trade2026.shell.secrets import SecretFile

DAY_NS = 86_400 * NS_PER_S
LEO = Principal(subject="leo", roles=("participant",), accounts=("shared", "leos"))
TESS = Principal(subject="tess", roles=("participant",), accounts=("shared",))


class Turnstile(OpenDoor):
    """Lets in whoever stands there at the moment."""

    def __init__(self) -> None:
        super().__init__()
        self.visitor = ADMIN

    async def guard(self, connection: Connection, handler: BaseRouteHandler) -> None:
        del handler
        connection.scope["user"] = self.visitor


class Office:
    """PRISM's keys, asked for by several."""

    def __init__(self, client: httpx.AsyncClient, door: Turnstile, log: MemoryLog) -> None:
        self.log = log
        self._client = client
        self._door = door

    async def ask(
        self, who: Principal, method: str, path: str, **body: Any
    ) -> tuple[int, list[dict[str, Any]] | dict[str, Any]]:
        self._door.visitor = who
        reply = await self._client.request(method, path, json=body or None)
        return reply.status_code, reply.json() if reply.content else {}

    async def make(self, who: Principal, account: str, **more: Any) -> dict[str, Any]:
        status, made = await self.ask(who, "POST", "/keys", account=account, **more)
        assert status == 201
        assert isinstance(made, dict)
        return made

    async def list(self, who: Principal, query: str = "") -> list[str]:
        _, rows = await self.ask(who, "GET", f"/keys{query}")
        return [row["api_key"] for row in rows if isinstance(row, dict)]


@pytest.fixture
async def office(tmp_path: Path) -> AsyncGenerator[Office]:
    log, door = MemoryLog(), Turnstile()
    bus = LocalBus(log, SystemClock(), with_codec=True)
    around = Surroundings(bus=bus, doorkeeper=door, data_dir=tmp_path)
    async with running({"PRISM": prism.build}, around) as runtime:
        yield Office(runtime.client("PRISM"), door, log)
    await bus.close()


async def test_all_keys_of_a_user_who_leaves_are_listed_and_revoked_by_whom_they_concern(
    office: Office,
) -> None:
    shared, own = [(await office.make(LEO, account))["api_key"] for account in LEO.accounts]
    kept = (await office.make(TESS, "shared"))["api_key"]

    assert await office.list(ADMIN) == [shared, own, kept]
    assert await office.list(ADMIN, "?user=leo") == [shared, own]
    assert await office.list(TESS, "?user=leo") == [shared]
    _, by_tess = await office.ask(TESS, "DELETE", "/keys?user=leo")
    _, by_admin = await office.ask(ADMIN, "DELETE", "/keys?user=leo")
    again = await office.ask(ADMIN, "DELETE", "/keys?user=leo")
    unnamed, _ = await office.ask(ADMIN, "DELETE", "/keys?user=")

    assert [row["api_key"] for row in by_tess if isinstance(row, dict)] == [shared]
    assert [row["api_key"] for row in by_admin if isinstance(row, dict)] == [own]
    assert again == (200, [])
    assert unnamed == 422
    assert await office.list(ADMIN) == [kept]


@pytest.mark.parametrize(("asked", "days"), [({}, 90), ({"expires_in_days": 1}, 1)])
async def test_a_key_is_good_for_so_many_days(
    office: Office, asked: dict[str, int], days: int
) -> None:
    made = await office.make(ADMIN, "bot", **asked)
    _, rows = await office.ask(ADMIN, "GET", "/keys")

    (row,) = [row for row in rows if isinstance(row, dict)]
    assert row["expires_ns"] == made["expires_ns"] == row["created_ns"] + days * DAY_NS


@pytest.mark.parametrize("days", [0, -1, 3_651, 1.5, None])
async def test_a_key_has_an_end(office: Office, days: float | None) -> None:
    status, _ = await office.ask(ADMIN, "POST", "/keys", account="bot", expires_in_days=days)

    assert status == 422
    assert await office.list(ADMIN) == []


async def test_the_log_says_who_made_and_revoked_which_key_and_nothing_that_can_be_used(
    office: Office,
) -> None:
    with capture_logs() as logs:
        made = await office.make(LEO, "leos")
        await office.ask(TESS, "DELETE", f"/keys/{made['api_key']}")
        await office.ask(ADMIN, "DELETE", f"/keys/{made['api_key']}")

    said = [line for line in logs if line["event"] in {"key made", "key revoked"}]
    assert [(line["event"], line["by"], line["account"]) for line in said] == [
        ("key made", "leo", "leos"),
        ("key revoked", "admin", "leos"),
    ]
    assert {line["key"] for line in said} == {made["api_key"][:8]}
    assert made["secret"] not in str(logs)
    assert made["api_key"] not in str(said)
    deeds = [codec.decode(DeedDone, r.content).deed for r in office.log.records(Stream.DEEDS)]
    assert [(deed.action, deed.target) for deed in deeds] == [
        ("key.create", made["api_key"][:8]),
        ("key.revoke", made["api_key"][:8]),
    ]


async def nothing() -> None:
    """Need nothing before a key."""


async def test_a_key_whose_time_is_over_is_refused_and_ends_what_it_opened(tmp_path: Path) -> None:
    clock, keys = a_clock(), KeyStore(SecretFile(tmp_path, KEYS_SECRET))
    users = UserStreams(lambda length: "x" * length)
    key = await keys.create(
        account="bot",
        label="",
        created_by="leo",
        now_ns=clock.now_ns(),
        expires_ns=clock.now_ns() + 2,
        prepare=nothing,
    )
    async with living(MemoryLog(), clock) as market:
        ids = Ids(clock, chance.stream(1, "ids"))
        desk = Desk(market.venue, keys=keys, users=users, clock=clock, ids=ids)
        socket = Socket(is_combined=False)
        listen_key = users.start(key.api_key, "bot", clock.now_ns())
        users.listen(socket, key.api_key, "bot", 0)
        clock.advance(1)
        desk.on_feed([], clock.now_ns())
        before = (known_key(desk, key.api_key), socket.close_code, users.has(listen_key))
        clock.advance(1)
        desk.on_feed([], clock.now_ns())
        with pytest.raises(DialectError) as refused:
            known_key(desk, key.api_key)

    assert before == (key, 0, True)
    assert refused.value.code == -2015
    assert socket.close_code
    assert not users.has(listen_key)
