"""Settlement, compliance and statements over HTTP: to each what is about its accounts."""

import io
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
import structlog
from httpx import Response
from pypdf import PdfReader
from tests.apps import app_of, client_of
from tests.books import Books
from tests.factories import NOW_NS
from tests.tokens import Mint

from trade2026.adapters.bus.local import LocalBus, MemoryLog
from trade2026.adapters.policy.rego import RegoPolicy
from trade2026.adapters.stores.snapshot_files import SnapshotFiles
from trade2026.core.clock import TimeNs, VirtualClock
from trade2026.core.ids import EventId
from trade2026.desk.audit import AuditDesk
from trade2026.desk.compliance import ComplianceDesk
from trade2026.desk.rules import RULES_FILE
from trade2026.edge.post_trade import post_trade_routes
from trade2026.model.instrument import InstrumentKind
from trade2026.model.post_trade import COMPLIANCE_BREACH, COMPLIANCE_RULES
from trade2026.model.subjects import ORDERS_EVENT
from trade2026.shell.guard import Doorkeeper
from trade2026.shell.service import Service
from trade2026.shell.tokens import TokenVerifier

LATER = TimeNs(NOW_NS + 10**15)


def settles_at(kind: InstrumentKind, trade_ns: TimeNs) -> TimeNs:
    return LATER if kind is InstrumentKind.EQUITY else trade_ns


class World:
    """An account that bought a coin and ten shares."""

    def __init__(self, folder: Path) -> None:
        clock = VirtualClock(NOW_NS)
        self.mint = Mint(clock)
        self.bus = LocalBus(MemoryLog(), clock, with_codec=True)
        log = structlog.get_logger()
        self.desk = ComplianceDesk(
            bus=self.bus,
            clock=clock,
            log=log,
            data_dir=folder,
            settles_at=settles_at,
            store=SnapshotFiles(folder / "day.snapshot"),
        )
        routes = post_trade_routes(self.desk, AuditDesk(self.bus, log))
        doorkeeper = Doorkeeper(TokenVerifier(self.mint, clock), RegoPolicy())
        self.client = client_of(app_of(Service(name="ptrc", routes=routes), doorkeeper, clock))
        self.rules = folder / RULES_FILE

    async def begin(self) -> None:
        books = Books()
        books.trade("1", "100", ts_event_ns=NOW_NS)
        books.trade("10", "150", symbol="AAPL", fee="0.5", ts_event_ns=NOW_NS)
        for number, event in enumerate(books.log):
            name = EventId(f"event-{number}")
            await self.bus.append(ORDERS_EVENT, event, event_id=name, account="default")
        await self.bus.fold(COMPLIANCE_RULES, self.desk.on_rules)
        await self.bus.fold(COMPLIANCE_BREACH, self.desk.on_breach)

    async def ask(self, path: str, *, role: str = "viewer", account: str = "*") -> Response:
        bearer = self.mint.bearer(roles=[role], accounts=[account])
        method = "POST" if path.startswith("/compliance/check") else "GET"
        return await self.client.request(method, path, headers=bearer)

    async def json(self, path: str, *, role: str = "viewer", account: str = "*") -> Any:
        reply = await self.ask(path, role=role, account=account)
        assert reply.status_code == 200, reply.text
        return reply.json()


@pytest.fixture
async def world(tmp_path: Path) -> AsyncGenerator[World]:
    made = World(tmp_path)
    await made.begin()
    async with made.client:
        yield made
    await made.bus.close()


async def test_shares_are_owed_and_coins_are_not(world: World) -> None:
    found = await world.json("/settlement")

    (shares,), (cash,) = found["symbols"], found["currencies"]
    assert (shares["of"], shares["to_receive"], shares["to_deliver"]) == ("AAPL", 10, 0)
    assert (cash["of"], cash["to_receive"], cash["to_deliver"]) == ("USDT", 0, 1500.5)
    assert [one["settles_ns"] for one in found["trades"]] == [LATER]


async def test_a_fill_says_whether_it_is_settled(world: World) -> None:
    coin = await world.json("/settlement/order-1-fill")
    share = await world.json("/settlement/order-2-fill", account="default")

    assert (coin["status"], coin["obligation"]) == ("SETTLED", None)
    assert (share["status"], share["obligation"]["cash"]) == ("UNSETTLED", -1500.5)
    assert (await world.ask("/settlement/nobody")).status_code == 404


async def test_others_see_nothing_of_it(world: World) -> None:
    found = await world.json("/settlement", account="other")

    assert found == {"symbols": [], "currencies": [], "trades": []}
    assert (await world.ask("/settlement?account=default", account="other")).status_code == 403
    assert (await world.ask("/settlement/order-2-fill", account="other")).status_code == 404
    text = (await world.ask("/reports/statement", account="other")).text
    assert "order-1" not in text


async def test_a_day_is_judged_on_demand_and_what_is_found_stays(world: World) -> None:
    world.rules.write_text('[[rule]]\nkind = "large_trade"\nname = "large"\nmax_value = 1000\n')

    assert (await world.ask("/compliance/check", role="trader")).status_code == 403
    (found,) = await world.json("/compliance/check", role="admin")
    (again,) = await world.json("/compliance/check?day=2026-09-21", role="admin")
    listed = await world.json("/compliance/breaches", account="default")

    assert (found["rule"], found["measured"], found["limit"]) == ("large", "1500", "1000")
    assert found["evidence"] == again["evidence"] == ["order-2-fill"]
    assert listed == [found]
    assert await world.json("/compliance/breaches", account="other") == []
    assert await world.json("/compliance/breaches?day=2026-09-20") == []


async def test_a_bad_file_of_rules_is_told_to_who_asks(world: World) -> None:
    world.rules.write_text('[[rule]]\nkind = "large_trade"\nname = "large"\n')

    reply = await world.ask("/compliance/check", role="admin")

    assert reply.status_code == 422
    assert "max_value" in reply.text


async def test_a_statement_comes_as_a_table_or_as_a_document(world: World) -> None:
    table = await world.ask("/reports/statement?day=2026-09-21")
    document = await world.ask("/reports/statement?day=2026-09-21&form=pdf&account=default")

    assert table.headers["content-type"] == "text/csv; charset=utf-8"
    assert "order-2-fill" in table.text
    assert document.headers["content-disposition"].endswith('"statement-2026-09-21.pdf"')
    page = PdfReader(io.BytesIO(document.content)).pages[0].extract_text()
    assert "Daily statement 2026-09-21" in page


@pytest.mark.parametrize("query", ["day=yesterday", "form=xls"])
async def test_an_invented_day_or_form_is_refused(world: World, query: str) -> None:
    assert (await world.ask(f"/reports/statement?{query}")).status_code in {400, 422}
