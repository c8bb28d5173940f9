"""Orders at a steady rate, each sent again under its own key until it is acknowledged.

That is what a client must do, and all it needs to do. What was acknowledged is kept, to be looked
for afterwards.
"""

import http.client
import itertools
import json
import threading
import time
from collections.abc import Sequence
from typing import Any, Final, Self
from urllib.parse import urlsplit

from tests.e2e.rig import Platform

SYMBOL: Final = "ETHUSDT"
PATIENCE_S: Final = 90.0
"""How long an order is repeated that gets no answer."""
_AGAIN_S: Final = 0.2
_REST_EVERY: Final = 3
"""One order of so many rests far away; the others take liquidity."""
_LEFT_UNTIL: Final = 2_400
_LANES: Final = 4
"""Senders of each account."""


class Traffic:
    """Sends small orders of some accounts, as long as the block lasts.

    Args:
        platform: where to.
        accounts: which of them send, all at the same rate.
        rate_hz: orders a second, of all accounts together.
    """

    def __init__(self, platform: Platform, accounts: Sequence[str], rate_hz: float) -> None:
        self.acknowledged: dict[str, str] = {}
        """Order id by client_order_id."""
        self.unanswered: list[str] = []
        self.refused: list[str] = []
        """What was said of orders that the platform would not take."""
        self._platform = platform
        self._stop = threading.Event()
        names = [(account, lane) for lane in range(_LANES) for account in accounts]
        self._pause_s = len(names) / rate_hz
        self._threads = [
            threading.Thread(target=self._run, args=(account, f"{account}-{lane}"))
            for account, lane in names
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _run(self, account: str, lane: str) -> None:
        line = _Line(self._platform)
        due = time.monotonic()
        for number in itertools.count():
            # Who waited for an answer catches up with a few orders, not with all of them.
            due = max(due + self._pause_s, time.monotonic() - 1.0)
            if self._stop.wait(max(0.0, due - time.monotonic())):
                line.close()
                return
            body, far = _order(number)
            key = f"{lane}-{number}"
            order_id = self._send(line, {**body, "account": account, "client_order_id": key})
            if order_id is None:
                continue
            self.acknowledged[key] = order_id
            if far:
                line.ask("DELETE", f"/orders/{order_id}", None)

    def _send(self, line: "_Line", body: dict[str, Any]) -> str | None:
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            status, answer = line.ask("POST", "/orders", body)
            if status in {200, 201}:
                return str(answer["order_id"])
            if status in {400, 403, 409, 422}:
                self.refused.append(f"{status} {answer.get('detail')}")
                return None
            time.sleep(_AGAIN_S)
        self.unanswered.append(body["client_order_id"])
        return None


def _order(number: int) -> tuple[dict[str, Any], bool]:
    """Return the order of that number, and whether it is to be cancelled at once."""
    side = "BUY" if number % 2 else "SELL"
    body = {"symbol": SYMBOL, "side": side, "quantity": "0.01"}
    if number % _REST_EVERY:
        return {**body, "type": "MARKET"}, False
    # At first some of those are not cancelled, so that some stay open and not ever more of them.
    is_left = number % (8 * _REST_EVERY) == 0 and number < _LEFT_UNTIL
    return {**body, "price": "2000" if side == "BUY" else "4000"}, not is_left


class _Line:
    """A connection of one sender, opened again where it breaks."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._host = urlsplit(platform.url("oms", "")).netloc
        self._connection: http.client.HTTPConnection | None = None

    def ask(
        self, method: str, path: str, body: dict[str, Any] | None
    ) -> tuple[int, dict[str, Any]]:
        """Return status and answer; status 0 where there is none."""
        try:
            if self._connection is None:
                self._connection = http.client.HTTPConnection(self._host, timeout=8)
            headers = {
                "authorization": f"Bearer {self._platform.token()}",
                "content-type": "application/json",
            }
            content = None if body is None else json.dumps(body)
            self._connection.request(method, path, content, headers)
            reply = self._connection.getresponse()
            return reply.status, json.loads(reply.read() or b"{}")
        except (OSError, http.client.HTTPException, ValueError, AssertionError):
            # The token cannot be renewed while nobody signs in: that is an answer missing too.
            self.close()
            return 0, {}

    def close(self) -> None:
        """Hang up."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
