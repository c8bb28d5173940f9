"""Interactive Brokers for tests: our adapter and the real ib_async, connected to `tests.tws`."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import structlog
from tests.factories import px, qty
from tests.tws import ACCOUNT, Tws, running_tws

from trade2026.adapters.exchanges.ib_exchange import IbExchange
from trade2026.model.order import OrdType, Side, TimeInForce
from trade2026.ports.exchange import ExchangeOrder

NAME = "a" * 32


def a_broker(tws: Tws, *, account: str = ACCOUNT, client: int = 7) -> IbExchange:
    """Return a client of *tws* that has not asked anything yet."""
    return IbExchange(
        host="127.0.0.1",
        port=tws.port,
        client_number=client,
        account=account,
        symbols=["AAPL", "BRK.B", "NONE"],
        logger=structlog.get_logger(),
        fee_within_s=0.2,
    )


@asynccontextmanager
async def running_broker() -> AsyncGenerator[tuple[Tws, IbExchange]]:
    """Run a TWS and connect to it."""
    async with running_tws() as tws:
        broker = a_broker(tws)
        await broker.connect()
        yield tws, broker
        await broker.close()


def a_share_order(name: str = NAME, **changes: object) -> ExchangeOrder:
    """Return an order for ten shares of AAPL that rests, changed by *changes*."""
    fields: dict[str, object] = {
        "client_id": name,
        "symbol": "AAPL",
        "side": Side.BUY,
        "ord_type": OrdType.LIMIT,
        "time_in_force": TimeInForce.GTC,
        "is_post_only": False,
        "qty": qty("10"),
        "price": px("180.1"),
    }
    return ExchangeOrder(**{**fields, **changes})  # pyright: ignore[reportArgumentType]
