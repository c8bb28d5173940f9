"""Which agents trade is a setting: any mix, any number."""

from collections import Counter
from dataclasses import replace

import msgspec
import pytest
from tests.factories import NOW_NS
from tests.prism import CONFIG, a_house, sums

from trade2026.core.clock import NS_PER_S
from trade2026.core.errors import InvalidInputError
from trade2026.core.numbers import Px, SignedQty, Value
from trade2026.model.prism import (
    BookPhase,
    PartyHolding,
    PrismLife,
    PrismPace,
    PrismParams,
    PrismStage,
)
from trade2026.prism.agent_market import AgentMarket
from trade2026.prism.config import DEFAULT_AGENTS, default_config, read_agents
from trade2026.prism.control import Controls, restored
from trade2026.prism.default import market_of_agents
from trade2026.prism.floor import Floor
from trade2026.prism.life import House, Revived, begin, blank_life
from trade2026.prism.outside import OutsideOrders
from trade2026.prism.pace import Pace


def test_the_default_mix_is_what_the_setting_says() -> None:
    assert read_agents("mm:5 noise:20 informed:10 momentum:5") == DEFAULT_AGENTS


def test_any_mix_makes_a_market() -> None:
    config = default_config(1, read_agents("mm:2 noise:30"))
    market = AgentMarket(config, start_ns=0, life=0, holdings=(), last_mid_px={})

    kinds = [agent.kind for agent in market.agents()]

    assert (kinds.count("mm"), kinds.count("noise"), len(kinds)) == (2, 30, 32)


@pytest.mark.parametrize("text", ["mm", "mm:", ":5", "mm:-1", "mm:1.5", "mm:999999", "mm:٣"])
def test_a_mix_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError, match="type:count"):
        read_agents(text)


@pytest.mark.parametrize("text", ["", "mm:0", "whale:1"])
def test_a_market_of_nobody_or_of_unknown_types_is_refused(text: str) -> None:
    config = default_config(1, read_agents(text))

    with pytest.raises(InvalidInputError):
        AgentMarket(config, start_ns=0, life=0, holdings=(), last_mid_px={})


def test_more_agents_than_a_snapshot_holds_are_refused_with_how_many_there_may_be() -> None:
    market_of_agents(read_agents("mm:1000 noise:1000"))

    with pytest.raises(InvalidInputError, match=r"prism\.agents.*2001 agents.*2000 at most"):
        market_of_agents(read_agents("mm:1000 noise:1001"))


def test_what_agents_held_that_are_gone_is_not_this_markets() -> None:
    gone = PartyHolding(
        party="agent:noise-29",
        symbol="BTCUSDT",
        cash=Value(-(10**18)),
        inventory=SignedQty(10**9),
    )
    config = default_config(1, read_agents("mm:2 noise:3"))

    market = AgentMarket(config, start_ns=0, life=0, holdings=[gone], last_mid_px={})

    assert gone.party not in {holding.party for holding in market.holdings()}


def a_house_of(text: str) -> House:
    """Return a house whose market has the agents in *text*."""

    def make(life: PrismLife) -> AgentMarket:
        config = msgspec.structs.replace(CONFIG, agents=read_agents(text), seed=life.seed)
        return AgentMarket(
            config,
            start_ns=life.start_ns,
            life=life.draw,
            holdings=life.holdings,
            last_mid_px=life.last_mid_px,
        )

    return replace(a_house(), make_exchange=make)


def lived(life: PrismLife, text: str) -> Floor:
    """Return the floor of *life*, with the agents in *text*, after a minute."""
    controls, _ = restored(None, [], now_ns=NOW_NS)
    revived = begin(life, a_house_of(text), OutsideOrders(), report_seq=0, controls=controls)
    floor = revived.floor
    assert sums(revived.life.holdings) == sums(floor.all_holdings())
    floor.advance(floor.exchange.sim_ns + 60 * NS_PER_S)
    floor.settle()
    return floor


def test_however_the_mix_changes_nothing_is_made_or_lost_and_no_more_is_kept() -> None:
    mixes = ("mm:2 noise:30", "mm:2 noise:5", "mm:3 noise:6", "mm:2 noise:30", "mm:2 noise:30")
    life, rows = blank_life(a_house(), 0, NOW_NS), list[int]()
    totals: list[tuple[Counter[str], Counter[str]]] = []
    for text in mixes:
        held = lived(life, text).all_holdings()
        life = msgspec.structs.replace(life, holdings=held)
        rows.append(len(held))
        totals.append(sums(held))

    assert all(total == totals[0] for total in totals)
    assert rows == [64, 16, 20, 66, 66]


CLIPS = PrismParams(type_name="mm", values={"size_clips": 2.0})
PAUSES = PrismParams(type_name="noise", values={"mean_pause_s": 2.0})
HALT = PrismStage(symbol="AAPL", phase=BookPhase.HALTED, low=Px(0), high=Px(0))


def test_parameters_of_agents_that_are_gone_are_left_out_and_the_others_hold() -> None:
    first = lived_with("mm:2 noise:3", params=(CLIPS, PAUSES))
    assert first.left_out == ()
    assert first.life.params == first.controls.params == (CLIPS, PAUSES)

    then = lived_with("mm:2", params=(CLIPS, PAUSES), stages=(HALT,))

    assert [why.partition(":")[0] for why in then.left_out] == ["type"]
    assert then.life.params == then.controls.params == (CLIPS,)
    market = then.floor.exchange
    assert isinstance(market, AgentMarket)
    assert {one["size_clips"] for one in market.agent_params()["mm"].values()} == {2.0}
    assert market.stage("AAPL").phase == "HALTED"


def test_a_recording_has_no_use_for_them_and_keeps_them_and_its_time_passes() -> None:
    paused = PrismPace(is_paused=True, speed_milli=5_000)

    recorded = lived_with("", params=(CLIPS,), stages=(HALT,), pace=paused)

    assert recorded.floor.exchange.mode == "paper"
    assert recorded.controls.params == recorded.life.params == (CLIPS,)
    assert recorded.controls.stages == recorded.life.stages == (HALT,)
    assert recorded.controls.pace.state() == PrismPace()


def lived_with(
    text: str,
    *,
    params: tuple[PrismParams, ...],
    stages: tuple[PrismStage, ...] = (),
    pace: PrismPace | None = None,
) -> Revived:
    """Return a life that begins with the agents in *text*, or from a recording without any."""
    controls = Controls(Pace(pace or PrismPace(), now_ns=NOW_NS, sim_ns=NOW_NS))
    controls.params, controls.stages = params, stages
    house = a_house_of(text) if text else a_house(is_paper=True)
    life = blank_life(house, 0, NOW_NS)
    life = msgspec.structs.replace(life, params=params, stages=stages)
    return begin(life, house, OutsideOrders(), report_seq=0, controls=controls)
