"""The WebSocket of market data: ``/ws?symbols=BTCUSDT,ETHUSDT``; without symbols, all.

Each message is a JSON object ``{"type": "tickers"|"trades", ...}``. A client that is slow
gets the latest when it is ready: what changed meanwhile is merged, and nothing queues up.
"""

import asyncio
from typing import Any, Final

import msgspec
from litestar import WebSocket, websocket
from litestar.exceptions import WebSocketDisconnect
from litestar.handlers import BaseRouteHandler

from trade2026.core.clock import Clock
from trade2026.desk.market_view import Looker, MarketView
from trade2026.edge.market import TickerReply, TradeReply, ticker_reply, trade_reply
from trade2026.shell.access import public

AnySocket = WebSocket[Any, Any, Any]

SEND_S: Final = 0.05
"""Least time between two messages to a client."""
CLIENT_LIMIT: Final = 500
SYMBOL_LIMIT: Final = 200
TRY_LATER: Final = 1013
UNSUPPORTED: Final = 1008


class TickersMessage(msgspec.Struct, frozen=True, tag="tickers"):
    """Tickers that changed."""

    tickers: list[TickerReply]


class TradesMessage(msgspec.Struct, frozen=True, tag="trades"):
    """Trades of one instrument that a client has not been sent."""

    symbol: str
    venue: str
    trades: list[TradeReply]


_ENCODER: Final = msgspec.json.Encoder()


def market_stream(view: MarketView, clock: Clock) -> BaseRouteHandler:
    """Return the WebSocket route."""

    @websocket("/ws", opt=public())
    async def stream(socket: AnySocket, symbols: str = "") -> None:
        wanted = frozenset(part.strip() for part in symbols.split(",") if part.strip())
        await socket.accept()
        if view.looker_count >= CLIENT_LIMIT:
            await socket.close(code=TRY_LATER, reason="too many clients")
            return
        if len(wanted) > SYMBOL_LIMIT:
            await socket.close(code=UNSUPPORTED, reason="too many symbols")
            return
        looker = view.look(wanted)
        try:
            await _until_gone(socket, looker, clock)
        finally:
            view.leave(looker)

    handler: Any = stream
    return handler


async def _until_gone(socket: AnySocket, looker: Looker, clock: Clock) -> None:
    async with asyncio.TaskGroup() as tasks:
        sending = tasks.create_task(_send(socket, looker, clock))
        await _gone(socket)
        sending.cancel()


async def _gone(socket: AnySocket) -> None:
    """Return when the client has left. What it says is of no interest."""
    try:
        while True:
            await socket.receive_text()
    except WebSocketDisconnect:
        return


async def _send(socket: AnySocket, looker: Looker, clock: Clock) -> None:
    while True:
        await looker.changed.wait()
        tickers, batches = looker.take()
        now_ns = clock.now_ns()
        messages: list[TickersMessage | TradesMessage] = [
            TradesMessage(
                batch.symbol, batch.venue, [trade_reply(trade) for trade in batch.records]
            )
            for batch in batches
        ]
        if tickers:
            messages.append(TickersMessage([ticker_reply(ticker, now_ns) for ticker in tickers]))
        for message in messages:
            await socket.send_data(_ENCODER.encode(message).decode(), mode="text")
        await asyncio.sleep(SEND_S)
