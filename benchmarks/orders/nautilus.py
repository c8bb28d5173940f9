"""An order's way through NautilusTrader, in a process and an environment of its own.

``.venv-peers/bin/python benchmarks/orders/nautilus.py <orders>`` prints one line of JSON: for
every order the microseconds from asking for it until the strategy is told of the position that
its fill has made, through Nautilus' own risk engine, execution engine, simulated exchange and
cache, by its public interface and with its own defaults but a silent log. It imports nothing of
the platform.
"""

import json
import sys
import time
from decimal import Decimal
from importlib import metadata
from typing import Any

from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.config import BacktestEngineConfig, LoggingConfig, StrategyConfig
from nautilus_trader.model.currencies import BTC, USDT
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.enums import AccountType, OmsType, OrderSide
from nautilus_trader.model.identifiers import Venue
from nautilus_trader.model.objects import Money
from nautilus_trader.test_kit.providers import TestInstrumentProvider
from nautilus_trader.trading.strategy import Strategy

INSTRUMENT = TestInstrumentProvider.btcusdt_binance()
START_NS = 1_700_000_000_000_000_000
STEP_NS = 50_000_000
"""Its risk engine lets a hundred orders a second pass by default."""


class Taker(Strategy):
    """Buys and sells in turn at every quote, and notes how long each took."""

    def __init__(self) -> None:
        super().__init__(StrategyConfig())
        self.times_us: list[float] = []
        self._begun_ns = 0
        self._count = 0

    def on_start(self) -> None:
        """Ask for the quotes."""
        self.subscribe_quote_ticks(INSTRUMENT.id)

    def on_quote_tick(self, tick: QuoteTick) -> None:
        """Send one order."""
        del tick
        side = OrderSide.BUY if self._count % 2 else OrderSide.SELL
        self._count += 1
        self._begun_ns = time.perf_counter_ns()
        quantity = INSTRUMENT.make_qty(Decimal("0.01"))
        self.submit_order(self.order_factory.market(INSTRUMENT.id, side, quantity))

    def on_position_event(self, event: Any) -> None:
        """Note that the position is booked."""
        del event
        self.times_us.append((time.perf_counter_ns() - self._begun_ns) / 1e3)


def main(orders: int) -> dict[str, Any]:
    """Return how long each of so many orders took."""
    engine = BacktestEngine(BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True)))
    engine.add_venue(
        venue=Venue("BINANCE"),
        oms_type=OmsType.NETTING,
        account_type=AccountType.MARGIN,
        base_currency=None,
        starting_balances=[Money(1_000_000, USDT), Money(100, BTC)],
    )
    engine.add_instrument(INSTRUMENT)
    price, size = INSTRUMENT.make_price, INSTRUMENT.make_qty(Decimal(10))
    engine.add_data(
        [
            QuoteTick(
                INSTRUMENT.id, price(Decimal("59999.99")), price(Decimal("60000.01")),
                size, size, START_NS + number * STEP_NS, START_NS + number * STEP_NS,
            )
            for number in range(orders)
        ]
    )  # fmt: skip
    taker = Taker()
    engine.add_strategy(taker)
    begun_s = time.process_time()
    engine.run()
    cpu_us = (time.process_time() - begun_s) * 1e6 / orders
    assert len(taker.times_us) == orders, f"{len(taker.times_us)} of {orders} were filled"
    return {
        "times_us": taker.times_us,
        "cpu_us": cpu_us,
        "version": metadata.version("nautilus_trader"),
    }


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]))))
