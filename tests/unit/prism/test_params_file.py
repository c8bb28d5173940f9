"""Parameters in a file are the market's, and nothing else is taken for such a file."""

from pathlib import Path

import pytest
from tests.unit.prism.markets import START_NS, a_config

from trade2026.core.errors import InvalidInputError
from trade2026.edge.prism_control import ParamsRequest
from trade2026.model.prism import PrismLife
from trade2026.prism.agent_market import AgentMarket
from trade2026.prism.config import DEFAULT_AGENTS
from trade2026.prism.params_file import ParamsEntry, read_params, with_params, write_params
from trade2026.services.prism import PrismSettings, maker_of

NOISE = ParamsEntry(type="noise", values={"mean_pause_s": 4.0})
VALUE = ParamsEntry(symbol="BTCUSDT", values={"mood_sds": 0.75})


def a_life() -> PrismLife:
    return PrismLife(
        life_id="L",  # type: ignore[arg-type]
        life=1,
        rules="",
        seed=3,
        draw=0,
        start_ns=START_NS,  # type: ignore[arg-type]
        holdings=(),
        last_mid_px={},
    )


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "params.json"
    write_params(path, [NOISE, VALUE])

    assert read_params(path) == (NOISE, VALUE)
    # A part of the file is what the control takes as it is.
    assert set(ParamsEntry.__struct_fields__) < set(ParamsRequest.__struct_fields__)


def test_a_market_begins_with_them() -> None:
    config = with_params(
        a_config(), [NOISE, VALUE, ParamsEntry(type="noise", values={"take_ratio": 0.1})]
    )
    values = {one.instrument.symbol: one.fundamental.mood_sds for one in config.symbols}

    assert values.pop("BTCUSDT") == 0.75
    assert set(values.values()) == {0.25}
    assert {group.type_name: group.params for group in config.agents} == {
        "noise": {"mean_pause_s": 4.0, "take_ratio": 0.1},
        "mm": {},
        "informed": {},
        "momentum": {},
    }
    assert with_params(config, [ParamsEntry(type="follower", values={"size_clips": 1.0})]) == config


def test_the_platform_begins_with_them(tmp_path: Path) -> None:
    path = tmp_path / "params.json"
    write_params(path, [NOISE, VALUE])

    usual = maker_of(PrismSettings())(a_life())
    fitted = maker_of(PrismSettings(params=str(path)))(a_life())

    assert isinstance(usual, AgentMarket)
    assert isinstance(fitted, AgentMarket)
    assert fitted.agent_params()["noise"]["agent:noise-0"]["mean_pause_s"] == 4.0
    assert fitted.value_params()["BTCUSDT"]["mood_sds"] == 0.75
    # Another market: what was recorded under the old one is not replayed by it.
    assert fitted.rules != usual.rules
    assert DEFAULT_AGENTS[1].params == {}


@pytest.mark.parametrize(
    "entry",
    [
        ParamsEntry(values={"mean_pause_s": 1.0}),
        ParamsEntry(type="noise", symbol="BTCUSDT", values={"mean_pause_s": 1.0}),
        ParamsEntry(type="whale", values={"mean_pause_s": 1.0}),
        ParamsEntry(type="noise", values={"mean_pause": 1.0}),
        ParamsEntry(type="noise", values={"take_ratio": 1.5}),
        ParamsEntry(type="noise", values={}),
        ParamsEntry(symbol="DOGE", values={"mood_sds": 0.1}),
        ParamsEntry(symbol="BTCUSDT", values={"mood_sds": -0.1}),
    ],
)
def test_what_cannot_be_is_refused(entry: ParamsEntry, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError):
        with_params(a_config(), [entry])
    path = tmp_path / "params.json"
    write_params(path, [entry])
    with pytest.raises(InvalidInputError):
        maker_of(PrismSettings(params=str(path)))


@pytest.mark.parametrize("text", ["", "[]", '{"params": [{"values": 3}]}', '{"other": []}'])
def test_another_file_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "params.json"
    path.write_text(text)

    with pytest.raises(InvalidInputError, match=r"params\.json"):
        read_params(path)
    with pytest.raises(InvalidInputError, match="absent"):
        read_params(tmp_path / "absent.json")
