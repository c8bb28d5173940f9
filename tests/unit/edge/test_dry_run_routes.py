"""The dry run over HTTP: what may be asked, and who may read what came of it."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import msgspec
import pytest
import structlog
from httpx import Response
from tests.apps import app_of, client_of
from tests.factories import NOW_NS, qty
from tests.tokens import Mint
from tests.trading import until

from trade2026.adapters.policy.rego import RegoPolicy
from trade2026.core import chance
from trade2026.core.clock import NS_PER_S, VirtualClock
from trade2026.core.ids import Ids
from trade2026.desk.trials import TrialDesk
from trade2026.domain.risk.dry_run import Findings
from trade2026.edge.dry_run import dry_run_routes, told
from trade2026.model.risk import LimitValues
from trade2026.model.trial import TrialAnswer, TrialAsk
from trade2026.shell.guard import Doorkeeper
from trade2026.shell.service import Service
from trade2026.shell.tokens import TokenVerifier

NOTHING = Findings(
    orders=7,
    reproduced=7,
    would_refuse=(),
    would_pass=(),
    not_reproduced=(),
    unjudged=0,
    by_code={},
    refused=0,
    passed=0,
)
BODY = {"day": "2026-11-26", "limits": [{"scope": "account:a", "max_order_quantity": 0.1}]}


class World:
    """The routes, before a desk that finds nothing."""

    def __init__(self) -> None:
        clock = VirtualClock(NOW_NS)
        self.mint = Mint(clock)
        self.asked: list[TrialAsk] = []
        ids = Ids(clock, chance.stream(1, "ids"))
        self.desk = TrialDesk(self.carry, clock, ids, structlog.get_logger())
        doorkeeper = Doorkeeper(TokenVerifier(self.mint, clock), RegoPolicy())
        service = Service(name="risk", routes=dry_run_routes(self.desk))
        self.client = client_of(app_of(service, doorkeeper, clock))

    async def carry(self, ask: TrialAsk) -> TrialAnswer:
        self.asked.append(ask)
        return TrialAnswer(found=msgspec.Raw(msgspec.json.encode(told(NOTHING))))

    async def post(self, body: object = BODY, **who: Any) -> Response:
        return await self.client.post("/risk/dry-run", json=body, headers=self._head(**who))

    async def get(self, run_id: str, **who: Any) -> Response:
        return await self.client.get(f"/risk/dry-run/{run_id}", headers=self._head(**who))

    def _head(self, **who: Any) -> dict[str, str]:
        return self.mint.bearer(**({"roles": ["risk"], "accounts": ["a", "b"]} | who))


@pytest.fixture
async def world() -> AsyncGenerator[World]:
    made = World()
    async with made.client, asyncio.TaskGroup() as tasks:
        running = tasks.create_task(made.desk.run())
        yield made
        running.cancel()


async def test_the_accounts_of_the_sender_are_judged_and_it_reads_the_findings(
    world: World,
) -> None:
    began = await world.post()
    await until(lambda: bool(world.asked))
    await asyncio.sleep(0)
    found = await world.get(began.json()["run_id"])

    assert began.status_code == 202
    assert (began.json()["state"], began.json()["findings"]) == ("RUNNING", None)
    ask = world.asked[0]
    assert ask.accounts == frozenset({"a", "b"})
    assert ask.limits == {"account:a": LimitValues(max_order_qty=qty("0.1"))}
    assert ask.end_ns - ask.begin_ns == 86_400 * NS_PER_S
    assert (found.json()["state"], found.json()["findings"]["orders"]) == ("DONE", 7)


async def test_whoever_may_see_every_account_judges_all(world: World) -> None:
    await world.post({"day": "2026-11-26", "policy": "package x"}, accounts=["*"])
    await until(lambda: bool(world.asked))

    assert (world.asked[0].accounts, world.asked[0].policy) == (None, "package x")


@pytest.mark.parametrize(
    "who",
    [
        {"sub": "somebody"},
        {"accounts": ["a"]},
        {"accounts": ["*"]},
    ],
)
async def test_nobody_else_reads_it_nor_who_lost_an_account(
    world: World, who: dict[str, Any]
) -> None:
    run_id = (await world.post()).json()["run_id"]

    assert (await world.get(run_id, **who)).status_code == 404
    assert (await world.get(run_id)).status_code == 200


async def test_limits_of_somebody_elses_account_are_not_tried(world: World) -> None:
    assert (await world.post(accounts=["b"])).status_code == 403
    assert (await world.post(roles=["trader"])).status_code == 403
    assert world.asked == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"day": "2026-11-26"}, "limits"),
        ({**BODY, "day": "yesterday"}, "day"),
        ({**BODY, "limits": [{"scope": "nobody"}]}, "scope"),
        ({**BODY, "limits": [{"scope": "default"}] * 101}, "limits"),
        ({**BODY, "policy": "x" * 600_000}, "policy"),
    ],
)
async def test_nonsense_is_refused_with_its_field(
    world: World, body: dict[str, Any], field: str
) -> None:
    reply = await world.post(body)

    assert (reply.status_code, reply.json()["field"]) == (422, field)


async def test_a_second_one_waits_outside(world: World) -> None:
    await world.post()

    assert (await world.post()).status_code == 409
