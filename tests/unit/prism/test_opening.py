"""A market opens with distinct chance for everybody, makers first, on exact grids."""

import msgspec
import pytest
from tests.unit.prism.markets import START_NS, a_config

from trade2026.core.clock import NS_PER_S
from trade2026.core.errors import InvalidInputError
from trade2026.core.numbers import Px, parse_px
from trade2026.model.instrument import PRISM_INSTRUMENTS
from trade2026.prism.config import AgentGroup
from trade2026.prism.engine.layout import Block
from trade2026.prism.floorplan import AGENT_BITS, AGENTS, DUES, OWNER, VALUES
from trade2026.prism.opening import agents_of, grid_of, grids_of, open_market


def opened(*, seed: int = 7, life: int = 0) -> Block:
    config = a_config(seed)
    return open_market(
        config,
        agents=agents_of(config.agents),
        grids=[grid_of(symbol) for symbol in config.symbols],
        start_ns=START_NS,
        life=life,
        last_mid_px={"BTCUSDT": parse_px("70000.005")},
    )


def test_nobody_shares_chance_with_anybody_in_any_life_or_seed() -> None:
    states: list[int] = []

    for market in (opened(), opened(life=1), opened(seed=8)):
        states += AGENTS.view(market)["luck"].tolist()
        states += VALUES.view(market)["luck"].tolist()

    assert len(states) == 3 * 6 * 41
    assert len(set(states)) == len(states)


def test_makers_wake_first_and_everybody_within_two_seconds() -> None:
    dues = DUES.view(opened())
    symbol, owner = dues["who"] >> AGENT_BITS, dues["who"] & OWNER
    makers, others = dues["time"][owner < 5], dues["time"][owner >= 5]

    assert makers.max() < others.min()
    assert others.max() < START_NS + 2 * NS_PER_S
    assert dues["time"][0] == dues["time"].min()
    assert sorted((40 * symbol + owner).tolist()) == list(range(240))


def test_a_value_begins_at_the_last_mid_price_even_between_ticks() -> None:
    worth = VALUES.view(opened())["worth"]

    assert worth[:2].tolist() == pytest.approx([7_000_000.5, 300_000])


@pytest.mark.parametrize("start", ["60000.005", "0"])
def test_a_start_price_off_the_tick_is_refused(start: str) -> None:
    symbol = msgspec.structs.replace(a_config().symbols[0], start_px=Px(parse_px(start)))

    with pytest.raises(InvalidInputError, match="BTCUSDT"):
        grid_of(symbol)


def test_an_ordinary_order_is_worth_its_clip_and_cash_fits_its_unit() -> None:
    for symbol, instrument in zip(a_config().symbols, PRISM_INSTRUMENTS, strict=True):
        grid = grid_of(symbol)

        worth = grid.clip_lots * grid.lot * symbol.start_px
        lot_worth = grid.lot * symbol.start_px
        assert symbol.clip_value * 10**9 - lot_worth < worth <= symbol.clip_value * 10**9
        assert grid.bound_lots == 1_000 * grid.clip_lots
        assert grid.first_cash * grid.unit == symbol.agent_cash * 10**9
        assert grid.unit == instrument.tick_size * instrument.lot_size


@pytest.mark.parametrize("value", [float("nan"), -0.5, 1e9, float("inf")])
def test_a_parameter_out_of_bounds_is_refused(value: float) -> None:
    for name in ("mean_pause_s", "take_ratio", "size_clips"):
        with pytest.raises(InvalidInputError, match=name):
            agents_of([AgentGroup(type_name="noise", count=1, params={name: value})])
    symbol = a_config().symbols[0]
    for name in ("yearly_volatility_ratio", "momentum_half_life_s", "mood_sds", "jumps_per_day"):
        wrong = msgspec.structs.replace(symbol.fundamental, **{name: value})
        with pytest.raises(InvalidInputError, match=f"{name}: of BTCUSDT"):
            grid_of(msgspec.structs.replace(symbol, fundamental=wrong))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("start_px", 10**28),
        ("clip_value", 0),
        ("clip_value", 10**30),
        ("bound_clips", 0),
        ("bound_clips", 10**12),
        ("agent_cash", -1),
        ("agent_cash", 10**30),
    ],
)
def test_a_number_of_a_symbol_out_of_bounds_is_refused(field: str, value: int) -> None:
    with pytest.raises(InvalidInputError, match=f"{field}: of BTCUSDT"):
        grid_of(msgspec.structs.replace(a_config().symbols[0], **{field: value}))


@pytest.mark.parametrize("field", ["tick_size", "lot_size"])
def test_a_grid_without_steps_is_refused(field: str) -> None:
    symbol = a_config().symbols[0]
    instrument = msgspec.structs.replace(symbol.instrument, **{field: 0})

    with pytest.raises(InvalidInputError, match=f"{field}: of BTCUSDT"):
        grid_of(msgspec.structs.replace(symbol, instrument=instrument))


def test_no_symbol_and_one_that_is_there_twice_are_refused() -> None:
    symbols = a_config().symbols

    with pytest.raises(InvalidInputError, match="symbols: ETHUSDT is there more than once"):
        grids_of((*symbols, symbols[1]))
    with pytest.raises(InvalidInputError, match="at least one symbol"):
        grids_of(())


@pytest.mark.parametrize("count", [-1, 2**20])
def test_a_number_of_agents_that_cannot_be_is_refused(count: int) -> None:
    groups = [AgentGroup(type_name="mm", count=2), AgentGroup(type_name="noise", count=count)]

    with pytest.raises(InvalidInputError, match="count: of noise"):
        agents_of(groups)
