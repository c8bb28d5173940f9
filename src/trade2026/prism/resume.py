"""A market that goes on from a whole state, with none of what led to it."""

from trade2026.prism.agent_market import AgentMarket
from trade2026.prism.archive import WholeState
from trade2026.prism.floor import Floor
from trade2026.prism.holdings import Holdings
from trade2026.prism.life import House, blank_life, require_rules
from trade2026.prism.outside import OutsideOrders
from trade2026.prism.reports import Reporter


def resumed(state: WholeState, house: House) -> Floor:
    """Return a floor that goes on from *state*.

    Raises:
        RefusedError: other rules held then.
    """
    exchange = house.make_exchange(blank_life(house, state.life, state.mark.sim_ns))
    orders, holdings = OutsideOrders(), Holdings(state.floor.holdings)
    floor = Floor(
        exchange=exchange,
        instruments=house.instruments,
        orders=orders,
        holdings=holdings,
        reporter=Reporter(
            orders=orders, holdings=holdings, fees=house.fees, last_seq=state.floor.report_seq
        ),
        limits=house.limits,
        life=state.life,
    )
    require_rules(state.rules, floor, house)
    assert isinstance(exchange, AgentMarket)
    exchange.load(state.market)
    floor.load(state.floor)
    return floor
