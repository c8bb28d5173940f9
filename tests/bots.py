"""A bot of PRISM's exchange API for tests: it signs as the dialect wants, and keeps its key."""

import hashlib
import hmac
from typing import Any
from urllib.parse import urlencode

import httpx

from trade2026.core.clock import NS_PER_MS, Clock

KEY_HEADER = "X-MBX-APIKEY"


def signature(secret: str, payload: str) -> str:
    """Return the signature of *payload*, worked out apart from the code under test."""
    return hmac.new(secret.encode(), payload.encode(), hashlib.sha256).hexdigest()


class Bot:
    """One key and what is asked with it."""

    def __init__(self, client: httpx.AsyncClient, key: dict[str, Any], clock: Clock) -> None:
        self.client = client
        self.api_key: str = key["api_key"]
        self.secret: str = key["secret"]
        self._clock = clock

    def now_ms(self) -> int:
        """Return the time as the dialect writes it."""
        return self._clock.now_ns() // NS_PER_MS

    def signed(self, **params: Any) -> str:
        """Return parameters as a query with time and signature."""
        query = urlencode({"timestamp": self.now_ms(), **params})
        return f"{query}&signature={signature(self.secret, query)}"

    async def send(
        self, method: str, path: str, query: str, *, in_body: bool = False, api_key: str = ""
    ) -> httpx.Response:
        """Send a query as it is, in the URL or as a form."""
        return await self.client.request(
            method,
            path if in_body else f"{path}?{query}",
            content=query if in_body else None,
            headers={KEY_HEADER: api_key or self.api_key},
        )

    async def ask(self, method: str, path: str, **params: Any) -> httpx.Response:
        """Send a signed request."""
        return await self.send(
            method, path, self.signed(**params), in_body=method in {"POST", "PUT"}
        )

    async def order(self, **params: Any) -> httpx.Response:
        """Send a limit order to buy, far from the market, unless *params* say otherwise."""
        limit = {
            "symbol": "BTCUSDT",
            "side": "BUY",
            "type": "LIMIT",
            "timeInForce": "GTC",
            "quantity": "0.01",
            "price": "40000",
        }
        sent = {**limit, **params}
        return await self.ask(
            "POST", "/api/v3/order", **{k: v for k, v in sent.items() if v is not None}
        )


def refusal(reply: httpx.Response) -> tuple[int, int, str]:
    """Return HTTP's status, the dialect's code and its text."""
    body = reply.json()
    return reply.status_code, body["code"], body["msg"]
