"""A market of your own trades, counts and repeats itself as it says."""

import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from trade2026.core.errors import InvalidInputError, RefusedError
from trade2026.prism import Market, read_events
from trade2026.prism.agent_type import AgentType
from trade2026.prism.callback import Desk
from trade2026.prism.config import AgentGroup, read_agents
from trade2026.prism.engine.desk import take
from trade2026.prism.engine.event import EventKind
from trade2026.prism.engine.message import Force
from trade2026.prism.lab.event_file import facts_of


def a_market(seed: int = 7, *, warm_s: float = 10.0) -> Market:
    market = Market(seed=seed, symbols=["BTCUSDT"])
    market.run(until_s=warm_s)
    return market


def test_a_market_is_imported_without_the_compiler() -> None:
    script = "import sys, trade2026.prism; print('numba' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "False"


def test_what_is_not_there_is_not_there() -> None:
    from trade2026 import prism  # noqa: PLC0415

    with pytest.raises(AttributeError, match="Bazaar"):
        _ = prism.Bazaar  # pyright: ignore[reportAttributeAccessIssue]


def test_an_order_trades_and_moves_your_position() -> None:
    market = a_market()
    ask = int(market.book("BTCUSDT", 1)[1][0, 0])

    number = market.buy("BTCUSDT", lots=10, ticks=ask + 1_000)

    events = market.events()
    mine = events[(events["kind"] == EventKind.TRADE) & (events["taker_number"] == number)]
    paid = int((mine["lots"] * mine["ticks"]).sum())
    position = market.position("BTCUSDT")
    assert (position.lots, position.cash) == (10, -paid)
    assert market.open_orders == ()
    assert market.profit("BTCUSDT") < 0


def test_a_quote_that_is_hit_moves_it_the_other_way() -> None:
    market = a_market()
    ask = int(market.book("BTCUSDT", 1)[1][0, 0])
    number = market.sell("BTCUSDT", lots=1, ticks=ask - 1)
    assert market.open_orders == (number,)

    market.run(until_s=3_600)

    assert market.open_orders == ()
    assert market.position("BTCUSDT").lots == -1
    assert market.position("BTCUSDT").cash == ask - 1


def test_orders_that_end_are_no_longer_open() -> None:
    market = a_market()
    bid = int(market.book("BTCUSDT", 1)[0][0, 0])
    resting = market.buy("BTCUSDT", lots=5, ticks=bid // 2)
    market.buy("BTCUSDT", lots=5, ticks=bid // 2, force=Force.IOC)
    market.buy("BTCUSDT", lots=5, ticks=bid // 2, force=Force.FOK)

    assert market.open_orders == (resting,)
    assert market.cancel(resting)
    assert not market.cancel(resting)
    assert market.open_orders == ()


def test_nothing_is_made_or_lost_between_you_and_the_agents() -> None:
    market = a_market()
    before = market.agents("BTCUSDT")
    cash, lots = int(before["cash"].sum()), int(before["inventory"].sum())
    for minute in range(1, 30):
        side = market.buy if minute % 2 else market.sell
        side("BTCUSDT", lots=50)
        market.run(until_s=market.now_s + 60)

    after, mine = market.agents("BTCUSDT"), market.position("BTCUSDT")
    assert int(after["cash"].sum()) + mine.cash == cash
    assert int(after["inventory"].sum()) + mine.lots == lots == 0
    assert not after.flags.writeable
    assert len(market.agent_names) == len(after)


def test_the_same_market_told_the_same_goes_the_same_way() -> None:
    def events_of(cuts: int) -> object:
        market = a_market()
        market.buy("BTCUSDT", lots=30)
        start = market.now_s
        for n in range(1, cuts + 1):
            market.run(until_s=start + 600 * n / cuts)
        return market.events()

    assert np.array_equal(events_of(1), events_of(7))  # type: ignore[arg-type]


def test_two_markets_run_on_two_threads() -> None:
    alone = [a_market(seed) for seed in (1, 2)]
    at_once = [a_market(seed) for seed in (1, 2)]
    for market in alone:
        market.run(until_s=900)
    threads = [threading.Thread(target=market.run, kwargs={"until_s": 900.0}) for market in at_once]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    for one, other in zip(alone, at_once, strict=True):
        assert np.array_equal(one.events(), other.events())


def test_a_step_is_one_act() -> None:
    market = a_market()
    before = market.now_s
    times = [market.step() for _ in range(50)]

    assert before <= times[0]
    assert times == sorted(times)
    assert times[-1] - before < 60


class HurryParams(msgspec.Struct, frozen=True, kw_only=True):
    """How long it pauses: not at all, or backwards."""

    pause: float = 0.0


def hurry(book: Any, outbox: Any, agent: Any, mind: Any, value: Any, now: int) -> int:  # noqa: ARG001, PLR0917 - a kernel
    take(book, outbox, agent, 1, 1, 1)
    return int(mind.pause)


def hurried_at(pause: float) -> Any:
    """Return when an agent that pauses for so many ns traded within ten seconds."""
    own = AgentType(name="hurrier", params=HurryParams, wake=hurry, latency_ms=0.0)
    groups = [
        *read_agents("mm:5"),
        AgentGroup(type_name="hurrier", count=1, latency_ms=0.0, params={"pause": pause}),
    ]
    market = Market(symbols=["BTCUSDT"], agents=groups, own_types=[own])
    market.run(until_s=10.0)
    events = market.events()
    return events[events["taker_owner"] == 5]["time_ns"]


@pytest.mark.parametrize("pause", [0.0, -1e12, 5.0])
def test_time_goes_on_whatever_a_compiled_agent_pauses(pause: float) -> None:
    hurried = hurried_at(pause)

    assert 100 < len(hurried) <= 10_000
    assert np.diff(hurried).min() == 1_000_000


def test_a_compiled_agent_that_never_looks_again_ends_no_time() -> None:
    assert len(set(hurried_at(9.2e18))) <= 1


def test_a_kernel_that_was_typed_in_is_compiled_as_well() -> None:
    typed: dict[str, Any] = {}
    exec("def wait(book, outbox, agent, mind, value, now):\n    return 1_000_000_000", typed)  # noqa: S102
    own = AgentType(name="waiter", params=HurryParams, wake=typed["wait"], latency_ms=1.0)
    market = Market(symbols=["BTCUSDT"], agents="mm:5 waiter:1", own_types=[own])

    market.run(until_s=10.0)

    assert market.now_s == 10.0


def test_your_own_agents_may_trade_in_it() -> None:
    class Params(msgspec.Struct, frozen=True, kw_only=True):
        """None."""

    def wake(desk: Desk) -> float:
        if desk.ask:
            desk.take(1, desk.ask, 1)
        return 1.0

    own = AgentType(name="hoarder", params=Params, wake=wake, in_python=True)
    market = Market(
        symbols=["ETHUSDT"],
        agents=[AgentGroup(type_name="mm", count=5), AgentGroup(type_name="hoarder", count=1)],
        own_types=[own],
    )
    market.run(until_s=120)

    held = dict(
        zip(market.agent_names, market.agents("ETHUSDT")["inventory"].tolist(), strict=True)
    )
    assert held["agent:hoarder-0"] > 50


def test_sizes_and_prices_are_told_in_the_quote_currency() -> None:
    market = a_market()

    assert market.mid("BTCUSDT") * market.tick_size("BTCUSDT") == pytest.approx(60_000, rel=0.05)
    assert market.worth("BTCUSDT") == pytest.approx(market.mid("BTCUSDT"), rel=0.05)
    assert 0 < market.lot_size("BTCUSDT") < 1


def test_what_cannot_be_is_refused() -> None:
    market = a_market()

    for lots, ticks in ((0, 5), (-1, 5), (2**41, 5), (1, -1), (1, 2**38)):
        with pytest.raises(InvalidInputError):
            market.buy("BTCUSDT", lots=lots, ticks=ticks)
    half: Any = 1.5
    none: Any = 0
    with pytest.raises(InvalidInputError, match="whole"):
        market.buy("BTCUSDT", lots=half)
    with pytest.raises(InvalidInputError, match="force"):
        market.buy("BTCUSDT", lots=1, force=none)
    with pytest.raises(InvalidInputError, match="GTD"):
        market.sell("BTCUSDT", lots=1, ticks=5, force=Force.GTD)
    for symbol in ("DOGE", ""):
        with pytest.raises(InvalidInputError, match="BTCUSDT"):
            market.book(symbol)
    for until_s in (0.0, float("nan"), 1e12):
        with pytest.raises(InvalidInputError, match="until_s"):
            market.run(until_s=until_s)
    with pytest.raises(InvalidInputError, match="is a list of them"):
        Market(symbols="BTCUSDT")
    for seed in (-1, 1.5, 2**64):
        with pytest.raises(InvalidInputError, match="seed"):
            Market(seed=seed)  # pyright: ignore[reportArgumentType]
    with pytest.raises(InvalidInputError, match="levels"):
        market.book("BTCUSDT", -1)
    with pytest.raises(InvalidInputError, match="DOGE"):
        Market(symbols=["DOGE"])
    with pytest.raises(InvalidInputError, match="nothing"):
        Market(symbols=[])
    with pytest.raises(InvalidInputError, match="whale"):
        Market(agents="whale:1")
    assert market.open_orders == ()


def test_a_recording_is_what_happened_and_nothing_of_it_is_kept(tmp_path: Path) -> None:
    kept, recorded = a_market(), a_market()
    for market in (kept, recorded):
        market.events()

    kept.buy("BTCUSDT", lots=30)
    kept.run(until_s=200)
    with recorded.record(tmp_path / "deep" / "events.parquet"):
        number = recorded.buy("BTCUSDT", lots=30)
        recorded.run(until_s=200)
        assert len(recorded.events()) == 0

    events = read_events(tmp_path / "deep" / "events.parquet")
    assert np.array_equal(events, kept.events())
    assert number in events["taker_number"]
    assert recorded.position("BTCUSDT").lots == 30
    facts = facts_of(tmp_path / "deep" / "events.parquet")
    assert [one.symbol for one in facts.symbols] == ["BTCUSDT"]
    recorded.run(until_s=260)
    assert len(recorded.events()) > 0


def test_what_cannot_be_written_is_refused(tmp_path: Path) -> None:
    market = a_market()
    (tmp_path / "file").write_bytes(b"")

    for path in (tmp_path, tmp_path / "file" / "events.parquet"):
        with pytest.raises(InvalidInputError, match="cannot be written"), market.record(path):
            pass
    market.run(until_s=20)
    assert len(market.events()) > 0


def test_a_recording_that_is_broken_off_is_whole(tmp_path: Path) -> None:
    market = a_market()
    market.events()

    def break_off() -> None:
        with market.record(tmp_path / "events.parquet"):
            market.run(until_s=20)
            market.run(until_s=0)

    with pytest.raises(InvalidInputError, match="until_s"):
        break_off()

    assert len(read_events(tmp_path / "events.parquet")) > 0
    with market.record(tmp_path / "again.parquet"):
        with pytest.raises(RefusedError), market.record(tmp_path / "third.parquet"):
            pass
        market.run(until_s=30)
    assert not (tmp_path / "third.parquet").exists()
    assert len(read_events(tmp_path / "again.parquet")) > 0


def test_books_and_agents_are_arrays() -> None:
    market = a_market()
    bids, asks = market.book("BTCUSDT", 5)
    agents = market.agents("BTCUSDT")

    assert bids.dtype == asks.dtype == np.int64
    assert bids.shape == asks.shape == (5, 2)
    assert (np.diff(bids[:, 0]) < 0).all()
    assert (np.diff(asks[:, 0]) > 0).all()
    assert bids[0, 0] < asks[0, 0]
    assert (bids[:, 1] > 0).all()
    before = agents["inventory"].copy()
    market.run(until_s=120)
    # It is the market's own memory: it goes on with it.
    assert not np.array_equal(agents["inventory"], before)
    with pytest.raises(ValueError, match="read-only"):
        agents["cash"] = 0
