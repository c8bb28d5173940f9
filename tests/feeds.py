"""Frames in the dialect of the venues, batches of them, and the recorded sessions."""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from trade2026.core.clock import TimeNs
from trade2026.domain.market.feed import FeedState, open_feed
from trade2026.model.instrument import BINANCE
from trade2026.model.market import RawBatch, RawFrame

SYMBOL = "BTCUSDT"
SPOT_RECORDING = "binance-spot-btcusdt-20240808.gz"
USDM_RECORDING = "binance-usdm-btcusdt-20240808.gz"

Levels = Iterable[tuple[str, str]]


def recorded(name: str) -> Path:
    """Return the path of a recording; skip the test where there is none, fail where must be."""
    folder = os.environ.get("TRADE2026_DATA", "")  # noqa: TID251 - tests have no settings.
    if folder:
        return Path(folder) / name
    # Servers come from wheels, the recordings do not: only CI must have them.
    demanded = os.environ.get("CI") in {"1", "true"}  # noqa: TID251 - as above.
    why = "TRADE2026_DATA does not name the folder of recorded market data"
    if demanded:
        pytest.fail(why)
    pytest.skip(why)


def trade(number: int, px: str, qty: str, ms: int, **changed: Any) -> bytes:
    """Return a trade's frame."""
    data = {"e": "trade", "E": ms, "s": SYMBOL, "t": number, "p": px, "q": qty}
    return _framed("trade", data | {"T": ms, "m": False} | changed)


def quote(seq: int, bid: str, bid_qty: str, ask: str, ask_qty: str, **changed: Any) -> bytes:
    """Return a best bid and offer's frame, as spot has it: without a time."""
    data = {"u": seq, "s": SYMBOL, "b": bid, "B": bid_qty, "a": ask, "A": ask_qty}
    return _framed("bookTicker", data | changed)


def depth(
    first: int, last: int, bids: Levels = (), asks: Levels = (), *, ms: int = 1_000, **changed: Any
) -> bytes:
    """Return a depth update's frame; `pu` makes it one of USD-M."""
    data = {"e": "depthUpdate", "E": ms, "s": SYMBOL, "U": first, "u": last}
    return _framed("depth", data | {"b": [*bids], "a": [*asks]} | changed)


def snapshot(seq: int, bids: Levels, asks: Levels, **changed: Any) -> bytes:
    """Return a snapshot's frame."""
    return json.dumps({"lastUpdateId": seq, "bids": [*bids], "asks": [*asks]} | changed).encode()


def batch(
    *payloads: bytes,
    first: int = 0,
    recv_ns: int = 1_000,
    venue: str = BINANCE,
    session: str = "one",
    is_replay: bool = False,
) -> RawBatch:
    """Return the frames as one batch, a nanosecond apart from *recv_ns* on."""
    frames = tuple(
        RawFrame(ts_recv_ns=TimeNs(recv_ns + place), payload=payload)
        for place, payload in enumerate(payloads)
    )
    return RawBatch(
        venue=venue,
        symbol=SYMBOL,
        first_index=first,
        session=session,
        frames=frames,
        is_replay=is_replay,
    )


def a_feed(venue: str = BINANCE) -> FeedState:
    """Return the state of a feed nothing has come from yet."""
    state = open_feed(venue, SYMBOL)
    assert state is not None
    return state


def _framed(stream: str, data: dict[str, Any]) -> bytes:
    name = f"{SYMBOL.lower()}@{stream}"
    return json.dumps({"stream": name, "data": data}, separators=(",", ":")).encode()
