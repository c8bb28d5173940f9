"""The audit over HTTP: newest first, page by page, and nobody sees what is not theirs."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest
import structlog
from tests.apps import app_of, client_of
from tests.factories import NOW_NS
from tests.tokens import Mint

from trade2026.adapters.bus.local import LocalBus, MemoryLog
from trade2026.adapters.policy.rego import RegoPolicy
from trade2026.core.clock import VirtualClock
from trade2026.core.ids import EventId
from trade2026.desk.audit import AuditDesk
from trade2026.domain.audit.chain import Head, Sourced, seal
from trade2026.edge.audit import audit_routes
from trade2026.model.audit import AuditBatch, Deed
from trade2026.model.post_trade import AUDIT_RECORD
from trade2026.shell.guard import Doorkeeper
from trade2026.shell.service import Service
from trade2026.shell.tokens import TokenVerifier

DEEDS = (
    ("tess", "order.place", "o-1", "default"),
    ("risk", "order.accept", "o-1", "default"),
    ("ines", "order.place", "o-2", "other"),
    ("ada", "user.create", "tess", ""),
    ("tess", "order.cancel", "o-1", "default"),
)


class World:
    """Five deeds of three users."""

    def __init__(self) -> None:
        clock = VirtualClock(NOW_NS)
        self.mint = Mint(clock)
        self.bus = LocalBus(MemoryLog(), clock, with_codec=True)
        self.desk = AuditDesk(self.bus, structlog.get_logger())
        doorkeeper = Doorkeeper(TokenVerifier(self.mint, clock), RegoPolicy())
        service = Service(name="ptrc", routes=audit_routes(self.desk))
        self.client = client_of(app_of(service, doorkeeper, clock))

    async def begin(self) -> None:
        deeds = [
            Sourced(
                deed=Deed(ts_ns=NOW_NS, who=who, action=action, target=target, account=account),
                source="test",
                source_seq=number,
            )
            for number, (who, action, target, account) in enumerate(DEEDS, 1)
        ]
        batch = AuditBatch(records=seal(Head(), deeds))
        await self.bus.append(AUDIT_RECORD, batch, event_id=EventId("1"), part="chain")
        await self.bus.fold(AUDIT_RECORD, self.desk.on_batch)

    async def get(self, accounts: list[str], **query: str) -> Any:
        bearer = self.mint.bearer(roles=["viewer"], accounts=accounts)
        return await self.client.get("/audit", params=query, headers=bearer)

    async def numbers(self, *accounts: str, **query: str) -> list[int]:
        reply = await self.get(list(accounts), **query)
        assert reply.status_code == 200, reply.text
        return [record["number"] for record in reply.json()["records"]]


@pytest.fixture
async def world() -> AsyncGenerator[World]:
    made = World()
    await made.begin()
    async with made.client:
        yield made
    await made.bus.close()


async def test_deeds_come_newest_first_with_their_place_in_the_chain(world: World) -> None:
    reply = (await world.get(["*"])).json()

    records = reply["records"]
    assert [one["number"] for one in records] == [5, 4, 3, 2, 1]
    assert (reply["count"], reply["head"]) == (5, records[0]["hash"])
    assert records[0]["before"] == records[1]["hash"]
    assert reply["next_cursor"] is None


async def test_pages_follow_one_another_without_a_gap(world: World) -> None:
    first = (await world.get(["*"], limit="2")).json()
    second = (await world.get(["*"], limit="2", cursor=first["next_cursor"])).json()
    third = (await world.get(["*"], limit="2", cursor=second["next_cursor"])).json()

    pages = [[one["number"] for one in page["records"]] for page in (first, second, third)]
    assert pages == [[5, 4], [3, 2], [1]]
    assert third["next_cursor"] is None


async def test_a_trader_sees_what_is_about_its_accounts_only(world: World) -> None:
    assert await world.numbers("default") == [5, 2, 1]
    assert await world.numbers("other") == [3]
    assert (await world.get(["other"], account="default")).status_code == 403


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ({"who": "tess"}, [5, 1]),
        ({"action": "order."}, [5, 3, 2, 1]),
        ({"action": "order.place", "account": "default"}, [1]),
        ({"target": "tess"}, [4]),
    ],
)
async def test_filters_narrow_it(world: World, query: dict[str, str], numbers: list[int]) -> None:
    assert await world.numbers("*", **query) == numbers


@pytest.mark.parametrize("cursor", ["x", "-1", "9" * 40, "٣"])
async def test_an_invented_cursor_is_refused(world: World, cursor: str) -> None:
    assert (await world.get(["*"], cursor=cursor)).status_code == 422
