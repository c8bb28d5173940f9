"""Parent orders for tests, and how to work one on paper."""

from typing import Any

import msgspec
from tests.factories import NOW_NS, qty

from trade2026.core.clock import NS_PER_S, TimeNs
from trade2026.core.ids import AccountId, StrategyId
from trade2026.model.algo import AlgoName, AlgoRequest
from trade2026.model.instrument import PRISM
from trade2026.model.order import Side


def an_algo(**changes: Any) -> AlgoRequest:
    """Return a TWAP that buys 0.6 BTCUSDT in a minute by slices of 10 s, changed by *changes*."""
    request = AlgoRequest(
        algo_id="algo-1",
        cl_algo_id="key-1",
        account=AccountId("default"),
        strategy=StrategyId("manual"),
        venue=PRISM,
        symbol="BTCUSDT",
        side=Side.BUY,
        name=AlgoName.TWAP,
        order_qty=qty("0.6"),
        start_ns=NOW_NS,
        end_ns=TimeNs(NOW_NS + 60 * NS_PER_S),
        slice_ns=10 * NS_PER_S,
        sent_by="tess",
    )
    return msgspec.structs.replace(request, **changes)
