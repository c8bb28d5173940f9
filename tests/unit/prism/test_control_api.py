"""PRISM's controls by HTTP: they answer how things stand then, and wrong values by field."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from tests.prism import inputs
from tests.unit.prism.test_service import World, a_world

from trade2026.model.audit import Deed, DeedDone
from trade2026.model.post_trade import PRISM_DEED
from trade2026.ports.bus import Delivery
from trade2026.prism.archive import KEEP_EVERY_NS
from trade2026.prism.control import AUDIT_LENGTH


@pytest.fixture
async def world(tmp_path: Path) -> AsyncGenerator[World]:
    async for world in a_world(tmp_path, {}):
        yield world


@pytest.fixture
async def paper(tmp_path: Path) -> AsyncGenerator[World]:
    async for world in a_world(tmp_path, {"TRADE2026_PRISM_MODE": "paper"}):
        yield world


async def post(world: World, path: str, **body: Any) -> tuple[int, dict[str, Any]]:
    reply = await world.client.post(f"/control/{path}", json=body)
    return reply.status_code, reply.json()


async def test_a_session_of_control_is_told_and_audited(world: World) -> None:
    _, paused = await post(world, "pause")
    _, stepped = await post(world, "step", ns=2_000_000_000)
    _, faster = await post(world, "speed", speed=10)
    _, fastest = await post(world, "speed", speed="MAX")
    _, seeded = await post(world, "seed", seed=4)
    _, shocked = await post(
        world, "shock", kind="volatility", symbol="AAPL", size=3, duration_s=1.5
    )
    _, changed = await post(world, "params", type="noise", values={"mean_pause_s": 2.0})
    _, begun = await post(world, "reset")
    _, started = await post(world, "start")

    assert (paused["is_paused"], paused["speed"], paused["life"]) == (True, 1.0, 0)
    assert stepped["sim_time_ns"] == paused["sim_time_ns"] + 2_000_000_000
    assert (faster["speed"], fastest["speed"]) == (10.0, "max")
    assert seeded["next_seed"] == 4
    assert shocked["shocks"] == [
        {
            "kind": "VOLATILITY",
            "symbol": "AAPL",
            "size": 3.0,
            "ends_ns": stepped["sim_time_ns"] + 1_500_000_000,
        }
    ]
    assert changed["digest"] == shocked["digest"]
    assert (begun["life"], begun["seed"], begun["next_seed"], begun["events"]) == (1, 4, None, 0)
    assert not started["is_paused"]
    shown = (await world.client.get("/control")).json()
    assert shown["life"] == 1
    audit = (await world.client.get("/control/audit?limit=3")).json()
    assert [one["kind"] for one in audit] == ["START", "RESET", "PARAMS"]
    assert {one["asked_by"] for one in audit} == {"tess"}
    assert {one["result"] for one in audit} == {"DONE"}
    assert audit[2]["what"]["params"]["values"] == {"mean_pause_s": 2.0}
    assert audit[0]["log_seq"] > audit[1]["log_seq"] > audit[2]["log_seq"] > 0


async def test_parameters_in_force_are_shown(world: World) -> None:
    await post(world, "params", agent="agent:mm-1", values={"lean_sds": 9.0})
    await post(world, "params", symbol="AAPL", values={"jumps_per_day": 0})

    shown = (await world.client.get("/control/params")).json()

    assert shown["agents"]["mm"]["agent:mm-1"]["lean_sds"] == 9.0
    assert shown["agents"]["mm"]["agent:mm-0"]["lean_sds"] == 0.04
    assert shown["values"]["AAPL"]["jumps_per_day"] == 0.0


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("speed", {"speed": 0}, "speed"),
        ("speed", {"speed": 0.05}, "speed"),
        ("speed", {"speed": "fast"}, "speed"),
        ("speed", {"speed": 1e300}, "speed"),
        ("step", {"ns": 1, "events": 2}, "ns"),
        ("seed", {"seed": -1}, "seed"),
        ("shock", {"kind": "meteor", "symbol": "AAPL", "size": 1}, "kind"),
        ("shock", {"kind": "news", "symbol": "NONE", "size": 1}, "symbol"),
        ("shock", {"kind": "crash", "symbol": "AAPL", "size": 1, "duration_s": 1e12}, "duration_s"),
        ("params", {"type": "mm", "values": {"shoe_size": 1}}, "shoe_size"),
    ],
)
async def test_a_wrong_value_is_422_with_its_field(
    world: World, path: str, body: dict[str, Any], field: str
) -> None:
    status, problem = await post(world, path, **body)

    assert (status, problem["field"]) == (422, field)


async def test_a_step_of_a_running_market_and_a_recorded_market_are_409(
    world: World, paper: World
) -> None:
    assert (await post(world, "step", ns=1))[0] == 409
    assert (await post(paper, "pause"))[0] == 409
    assert (await paper.client.get("/control/params")).status_code == 409
    assert (await paper.client.get("/control")).json()["digest"] == ""


async def test_the_audit_is_bounded(world: World) -> None:
    assert (await world.client.get(f"/control/audit?limit={AUDIT_LENGTH + 1}")).status_code == 422


async def test_a_fork_by_http_shows_both_courses_and_the_proof(world: World) -> None:
    await post(world, "pause")
    await post(world, "step", ns=100_000_000_000)
    order = {"symbol": "AAPL", "side": "buy", "order_type": "market", "quantity": 500}

    reply = await world.client.post(
        "/fork", json={"seconds_ago": 70, "run_s": 10, "add": [{**order, "after_s": 1}]}
    )

    forked = reply.json()
    aapl = forked["symbols"]["AAPL"]
    assert reply.status_code == 200
    assert forked["proof"]["is_equal"]
    assert forked["proof"]["digest"] == forked["proof"]["recorded_digest"]
    assert 0 <= forked["at_ns"] - forked["from_ns"] <= KEEP_EVERY_NS
    assert 0 < forked["start_ms"] < forked["took_ms"]
    assert len(forked["times_ns"]) == len(aapl["changed"]["mid"]) == 101
    assert aapl["difference"]["first_ns"] >= forked["at_ns"] + 1_000_000_000
    assert aapl["difference"]["mid_bps_max"] > 0
    assert forked["added"][0]["filled_quantity"] == 500
    assert sum(fill["quantity"] for fill in forked["fills"]) == 500
    assert forked["symbols"]["MSFT"]["difference"]["first_ns"] is None


async def test_forks_stand_in_the_audit_with_who_asked_and_what_came_of_it(world: World) -> None:
    await post(world, "pause")
    await post(world, "step", ns=2_000_000_000)
    before = (await world.client.get("/control")).json()
    order = {"symbol": "AAPL", "side": "buy", "order_type": "limit", "quantity": 3, "price": 90.5}
    asked = {"seconds_ago": 1, "run_s": 1, "add": [{**order, "after_s": 0.5}]}
    assert (await world.client.post("/fork", json=asked)).status_code == 200
    other = {"run_s": 1, "add": [order], "life": 9, "at_ns": 1}
    assert (await world.client.post("/fork", json=other)).status_code == 422
    absent = {"run_s": 1, "remove": ["nobody" * 20]}
    assert (await world.client.post("/fork", json=absent)).status_code == 422

    audit = (await world.client.get("/control/audit")).json()
    after = (await world.client.get("/control")).json()

    assert [one["kind"] for one in audit] == ["FORK", "FORK", "FORK", "STEP", "PAUSE"]
    assert {(one["asked_by"], one["log_seq"]) for one in audit[:3]} == {("tess", 0)}
    assert [one["result"].split(maxsplit=1)[0] for one in audit[:3]] == [
        "REFUSED",
        "REFUSED",
        "DONE",
    ]
    assert audit[0]["what"]["remove"] == [("nobody" * 20)[:64]]
    assert audit[1]["what"]["life"] == 9
    nothing = {"run_s": 0.0000001, "seconds_ago": 1, "add": [{**order, "after_s": 1.0}]}
    assert (await world.client.post("/fork", json=nothing)).status_code == 422
    newest = (await world.client.get("/control/audit")).json()[0]
    assert newest["result"].startswith("REFUSED ")
    words = {"symbol": "AAPL", "side": "BUY", "order_type": "LIMIT", "quantity": 3, "price": 90.5}
    assert audit[2]["what"] == {
        "seconds_ago": 1.0,
        "run_s": 1.0,
        "add": [{**words, "after_s": 0.5}],
    }
    assert audit[2]["enters_ns"] == before["sim_time_ns"]
    assert audit[2]["asked_ns"] > 0
    assert (after["log_seq"], after["digest"]) == (before["log_seq"], before["digest"])
    # The platform's audit, which a restart does not empty, has them too.
    deeds: list[Deed] = []

    async def on_deed(event: DeedDone, _: Delivery) -> None:
        deeds.append(event.deed)

    await (await world.bus.fold(PRISM_DEED, on_deed)).stop()
    assert {(one.who, one.action) for one in deeds} == {("tess", "prism.fork")}
    assert [one.result for one in deeds] == ["OK", "REFUSED", "REFUSED", "REFUSED"]
    assert "1 orders added, 0 taken out" in deeds[0].text
    assert deeds[1].target == "life 9"


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"seconds_ago": 1}, 422, "add"),
        ({"seconds_ago": -1, "remove": ["x"]}, 422, "seconds_ago"),
        ({"at_ns": 1, "remove": ["x"]}, 422, "remove"),
        ({"seconds_ago": 0, "run_s": 1e6, "remove": ["x"]}, 422, "run_s"),
    ],
)
async def test_a_fork_that_cannot_be_is_refused(
    world: World, body: dict[str, Any], status: int, field: str
) -> None:
    reply = await world.client.post("/fork", json=body)

    assert (reply.status_code, reply.json()["field"]) == (status, field)


async def test_phases_and_bands_by_http_are_shown_where_the_market_is(world: World) -> None:
    _, halted = await post(world, "phase", phase="halted", symbol="AAPL")
    _, banded = await post(world, "band", symbol="AAPL", low="100", high=200.5)
    _, around = await post(world, "band", bps=100)
    shown = (await world.client.get("/market/AAPL")).json()
    _, opened = await post(world, "phase", phase="CONTINUOUS")
    _, free = await post(world, "band")
    audit = (await world.client.get("/control/audit?limit=4")).json()

    def book(state: dict[str, Any], symbol: str) -> dict[str, Any]:
        return next(one for one in state["books"] if one["symbol"] == symbol)

    assert (book(halted, "AAPL")["phase"], book(halted, "MSFT")["phase"]) == (
        "HALTED",
        "CONTINUOUS",
    )
    assert (book(banded, "AAPL")["band_low"], book(banded, "AAPL")["band_high"]) == (100, 200.5)
    assert book(banded, "MSFT")["band_low"] is None
    for symbol, price in (("BTCUSDT", 60_000), ("AAPL", 150)):
        low, high = book(around, symbol)["band_low"], book(around, symbol)["band_high"]
        assert low == pytest.approx(price * 0.99, rel=0.01)
        assert high - low == pytest.approx(price * 0.02, rel=0.01)
    assert (shown["phase"], shown["band_low"]) == ("HALTED", book(around, "AAPL")["band_low"])
    assert {one["phase"] for one in opened["books"]} == {"CONTINUOUS"}
    assert {one["band_high"] for one in free["books"]} == {None}
    assert [one["kind"] for one in audit] == ["BAND", "PHASE", "BAND", "BAND"]
    assert audit[3]["what"]["bands"] == [{"symbol": "AAPL", "low": 100, "high": 200.5}]


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("phase", {"phase": "asleep"}, "phase"),
        ("phase", {"phase": "halted", "symbol": "NONE"}, "symbol"),
        ("band", {"symbol": "AAPL", "low": 1}, "high"),
        ("band", {"symbol": "AAPL", "high": 1}, "low"),
        ("band", {"low": 1, "high": 2}, "symbol"),
        ("band", {"symbol": "AAPL", "low": 1, "high": 2, "bps": 3}, "symbol"),
        ("band", {"symbol": "AAPL", "bps": 0}, "bps"),
        ("band", {"symbol": "NONE", "bps": 5}, "symbol"),
        ("band", {"symbol": "AAPL", "low": "1e-3", "high": 2}, "low"),
    ],
)
async def test_a_wrong_phase_or_band_is_422_with_its_field(
    world: World, path: str, body: dict[str, Any], field: str
) -> None:
    status, problem = await post(world, path, **body)

    assert (status, problem["field"]) == (422, field)


# The library of calendars is older than the newest pandas, which warns of days to come.
@pytest.mark.filterwarnings("ignore")
async def test_a_day_order_is_dated_by_its_calendar_in_market_time(world: World) -> None:
    day_ns = 86_400_000_000_000
    now_ns = (await world.client.get("/control")).json()["sim_time_ns"]
    for symbol, quantity in (("BTCUSDT", 0.01), ("AAPL", 1)):
        reply = await world.place(
            symbol=symbol,
            order_type="limit",
            price=50_000 if symbol == "BTCUSDT" else 140,
            quantity=quantity,
            time_in_force="day",
        )
        assert reply.json()["status"] == "SENT"
    crypto, equity = (one.order.expire_ns for one in inputs(world.log) if one.order is not None)

    assert crypto == (now_ns // day_ns + 1) * day_ns
    assert equity is not None
    # New York closes on the hour, at 13:00 or 16:00 there.
    assert now_ns < equity < now_ns + 6 * day_ns
    assert equity % 3_600_000_000_000 == 0
