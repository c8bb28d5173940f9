"""Batches of ticks, and what a lake holds as plain rows."""

from pathlib import Path
from typing import Any

from trade2026.adapters.infra.seaweedfs import PORT_NAMES, SeaweedServer
from trade2026.adapters.lake.reading import newest_rows
from trade2026.adapters.objects.place import Place
from trade2026.core.clock import TimeNs
from trade2026.core.numbers import Px, Qty
from trade2026.model.market import Aggressor, Quote, QuoteBatch, Trade, TradeBatch
from trade2026.shell.addresses import LocalAddresses

DAY_NS = 86_400_000_000_000
EVERYTHING = 10_000_000


def trades(*numbers: int, symbol: str = "BTCUSDT", day: int = 20_000) -> TradeBatch:
    """Return a batch with a trade for each number, which is its price in nanos and its id."""
    return TradeBatch(
        venue="BINANCE",
        symbol=symbol,
        records=tuple(
            Trade(
                ts_event_ns=TimeNs(day * DAY_NS + number),
                ts_recv_ns=TimeNs(day * DAY_NS + number + 5),
                trade_id=str(number),
                px=Px(number),
                qty=Qty(2 * number),
                aggressor_side=Aggressor.SELL,
            )
            for number in numbers
        ),
    )


def quotes(*numbers: int, symbol: str = "BTCUSDT", day: int = 20_000) -> QuoteBatch:
    """Return a batch with a quote for each number, its sequence and its bid in nanos."""
    return QuoteBatch(
        venue="BINANCE",
        symbol=symbol,
        records=tuple(
            Quote(
                ts_event_ns=TimeNs(day * DAY_NS + number),
                ts_recv_ns=TimeNs(day * DAY_NS + number + 5),
                seq=number,
                best_bid_px=Px(number),
                best_bid_qty=Qty(1),
                best_ask_px=Px(number + 1),
                best_ask_qty=Qty(2),
            )
            for number in numbers
        ),
    )


def rows_in(place: Place) -> list[dict[str, Any]]:
    """Return every tick of the lake, in the order of arrival."""
    return newest_rows(place, "market_ticks", limit=EVERYTHING)


def kinds_in(place: Place) -> list[tuple[str, int]]:
    """Return kind and number of every tick in the lake, sorted."""
    return sorted(
        (row["kind"], row["seq"] if row["kind"] == "quote" else int(row["trade_id"]))
        for row in rows_in(place)
    )


def seaweed(data_dir: Path, addresses: LocalAddresses, password: str) -> SeaweedServer:
    """Return an object storage at *addresses*."""
    ports = {name: addresses.port("SeaweedFS", name) for name in PORT_NAMES}
    return SeaweedServer(data_dir, ports=ports, password=password)
