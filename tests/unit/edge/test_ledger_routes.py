"""The ledger over HTTP: what is booked there is journalled by the OMS, folded, and shown."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest
import structlog
from httpx import Response
from tests.apps import app_of, client_of
from tests.factories import NOW_NS, a_deposit, a_fill, an_unknown, px, qty
from tests.tokens import Mint

from trade2026.adapters.bus.local import LocalBus, MemoryLog
from trade2026.adapters.policy.rego import RegoPolicy
from trade2026.core import chance
from trade2026.core.clock import VirtualClock
from trade2026.core.ids import Ids
from trade2026.desk.bookkeeping import Bookkeeper
from trade2026.desk.journal import Journal
from trade2026.desk.ledger import LedgerDesk
from trade2026.edge.bookings import booking_routes
from trade2026.edge.ledger import ledger_routes
from trade2026.edge.positions import position_routes
from trade2026.model.subjects import LEDGER_BOOK, ORDERS_EVENT
from trade2026.shell.guard import Doorkeeper
from trade2026.shell.service import Service
from trade2026.shell.tokens import TokenVerifier

LOG = structlog.get_logger()


class World:
    """Two accounts, one of which holds 2 BTC, behind the ledger's routes."""

    def __init__(self) -> None:
        clock = VirtualClock(NOW_NS)
        self.mint = Mint(clock)
        self.bus = LocalBus(MemoryLog(), clock, with_codec=True)
        self.journal = Journal(self.bus, LOG)
        self.desk = LedgerDesk(self.bus, clock, Ids(clock, chance.stream(1, "ids")), LOG)
        routes = [
            *position_routes(self.desk),
            *ledger_routes(self.desk),
            *booking_routes(self.desk),
        ]
        doorkeeper = Doorkeeper(TokenVerifier(self.mint, clock), RegoPolicy())
        self.client = client_of(app_of(Service(name="ptrc", routes=routes), doorkeeper, clock))

    async def begin(self) -> None:
        bookkeeper = Bookkeeper(self.journal, ("default", "other"), LOG)
        await self.bus.serve(LEDGER_BOOK, bookkeeper.on_book)
        await self.bus.fold(ORDERS_EVENT, self.desk.on_journal)
        await self.journal.write(a_deposit("1000"))
        await self.journal.write(a_deposit("1000", "other"))
        fill = a_fill(last_qty=qty("2"), last_px=px("100"))
        await self.journal.write(an_unknown(fill))

    async def post(self, path: str, role: str = "admin", **body: Any) -> Response:
        return await self.client.post(
            path, json=body, headers=self.mint.bearer(roles=[role], accounts=["*"])
        )

    async def get(self, path: str) -> Any:
        reply = await self.client.get(
            path, headers=self.mint.bearer(roles=["viewer"], accounts=["*"])
        )
        assert reply.status_code == 200, reply.text
        return reply.json()

    async def position(self) -> dict[str, Any]:
        (position,) = await self.get("/positions/default/BTCUSDT")
        return position


@pytest.fixture
async def world() -> AsyncGenerator[World]:
    """A ledger of its own."""
    made = World()
    await made.begin()
    async with made.client:
        yield made
    await made.bus.close()


async def test_the_ledger_shows_entries_that_balance_by_pages(world: World) -> None:
    first = await world.get("/ledger?account=default&limit=1")
    second = await world.get(f"/ledger?account=default&cursor={first['next_cursor']}")

    assert [entry["kind"] for entry in first["entries"]] == ["CashDeposited"]
    (fill,) = second["entries"]
    assert fill["kind"] == "TRADE"
    assert fill["postings"] == [
        {"account": "assets:cash", "currency": "USDT", "amount": -200},
        {
            "account": "assets:positions:unattributed:PRISM:BTCUSDT",
            "currency": "USDT",
            "amount": 200,
        },
    ]
    assert second["next_cursor"] is None
    assert sum(line["amount"] for line in second["trial_balance"]) == 0
    assert [one["cash"] for one in second["accounts"]] == [800, 1000]


async def test_funding_moves_cash_and_the_position(world: World) -> None:
    reply = await world.post(
        "/ledger/funding", symbol="BTCUSDT", strategy="unattributed", amount="-0.5", key="f-1"
    )

    assert reply.status_code == 201
    assert reply.json()["key"] == "f-1"
    position = await world.position()
    assert position["funding"] == -0.5


async def test_the_same_key_books_once(world: World) -> None:
    body: dict[str, Any] = {"symbol": "BTCUSDT", "amount": 1, "key": "once"}
    body["strategy"] = "unattributed"

    first = await world.post("/ledger/funding", **body)
    again = await world.post("/ledger/funding", **body)

    assert first.json() == again.json()
    assert (await world.position())["funding"] == 1


async def test_a_dividend_and_a_split_reach_every_account(world: World) -> None:
    dividend = await world.post("/ledger/dividends", symbol="BTCUSDT", per_unit="0.25")
    split = await world.post("/ledger/splits", symbol="BTCUSDT", numerator=3, accounts=["default"])

    assert dividend.json()["accounts"] == ["default", "other"]
    assert split.json()["accounts"] == ["default"]
    position = await world.position()
    assert (position["dividends"], position["quantity"]) == (0.5, 6)
    (lot,) = await world.get("/lots/default")
    assert (lot["quantity"], lot["price"]) == (6, 33.333333333)


async def test_cash_moves_between_accounts_in_and_out(world: World) -> None:
    moved = await world.post(
        "/ledger/transfers", from_account="default", to_account="other", amount=300
    )
    paid_in = await world.post("/ledger/transfers", to_account="other", amount=5, currency="EUR")
    rated = await world.post("/ledger/rates", currency="EUR", rate=1.1, accounts=["other"])

    assert {moved.status_code, paid_in.status_code, rated.status_code} == {201}
    accounts = (await world.get("/ledger"))["accounts"]
    assert [one["cash"] for one in accounts] == [500, 1300]
    euro = accounts[1]["balances"][0]
    assert euro == {"currency": "EUR", "cash": 5, "deposits": 5, "rate": 1.1}


async def test_the_lot_method_is_the_accounts_own(world: World) -> None:
    await world.post("/ledger/lot-method", account="default", method="fifo")

    accounts = (await world.get("/ledger"))["accounts"]
    assert [one["lot_method"] for one in accounts] == ["FIFO", "AVERAGE"]


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("transfers", {"amount": 1}, "to_account"),
        ("transfers", {"amount": -1, "to_account": "other"}, "amount"),
        ("rates", {"currency": "USDT", "rate": 2}, "currency"),
        ("rates", {"currency": "EUR", "rate": 0}, "rate"),
        ("dividends", {"symbol": "BTCUSDT", "per_unit": "x"}, "per_unit"),
        ("funding", {"symbol": "BTCUSDT", "amount": "x"}, "amount"),
        ("lot-method", {"method": "BEST"}, "method"),
        ("splits", {"symbol": "BTCUSDT", "numerator": 0}, "numerator"),
    ],
)
async def test_what_makes_no_sense_is_refused_with_its_field(
    world: World, path: str, body: dict[str, Any], field: str
) -> None:
    before = world.desk.ledger.digest()

    reply = await world.post(f"/ledger/{path}", **body)

    assert (reply.status_code, reply.json()["field"]) == (422, field)
    assert world.desk.ledger.digest() == before


async def test_an_unknown_account_is_refused_and_nothing_is_booked(world: World) -> None:
    before = world.desk.ledger.digest()

    reply = await world.post("/ledger/transfers", from_account="default", to_account="x", amount=1)

    assert reply.status_code == 409
    assert world.desk.ledger.digest() == before


async def test_only_an_administrator_books(world: World) -> None:
    reply = await world.post("/ledger/transfers", role="trader", to_account="default", amount=1)

    assert reply.status_code == 403


async def test_without_accounts_there_is_nothing_to_book_on() -> None:
    empty = World()
    async with empty.client:
        reply = await empty.post("/ledger/dividends", symbol="BTCUSDT", per_unit=1)

    assert reply.status_code == 422


async def test_a_cursor_of_somebody_else_is_refused(world: World) -> None:
    reply = await world.client.get(
        "/ledger?account=default&cursor=abc", headers=world.mint.bearer(roles=["viewer"])
    )

    assert reply.status_code == 422
