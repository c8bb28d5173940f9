"""How much may be asked in a minute, how many orders may be sent, and how many sockets held.

What is asked for weighs as documented, by the address of the sender (of IPv6, by its /64);
orders are counted by account. Whoever goes beyond is refused with 429 and told when to come
back. Counters begin again with each window of the clock, and with PRISM. WebSockets are
counted when they are opened and while they are held, so that no address can have them all.

Source: Binance Spot API, "LIMITS": IP limits, unfilled order count; "WebSocket Streams":
WebSocket limits.
"""

from collections import Counter
from heapq import nsmallest
from ipaddress import IPv6Address, IPv6Network
from typing import Any, Final

from trade2026.core.clock import NS_PER_S
from trade2026.edge.dialect.errors import too_many

WEIGHT_MAX: Final = 6_000
"""Of one address in a minute."""
ORDERS_MAX: Final = ((10, "10S", 100, "10 SECOND"), (86_400, "1D", 200_000, "1 DAY"))
"""Of one account: seconds, how headers call them, how many, how refusals call them."""
CONNECTIONS: Final = (300, 300)
"""Of one address: seconds, and how many WebSockets may be opened in them."""
HELD_MAX: Final = 300
"""WebSockets that are open at once, of all addresses."""
HELD_OF_SENDER_MAX: Final = 50
"""And of one address; a bot has a few."""
_MINUTE_S: Final = 60
_HOST_BITS: Final = 64
"""Of an IPv6 address, those that its host chooses."""
_SENDERS_MAX: Final = 10_000
"""Remembered at once; beyond, those who used least are forgotten."""
_FORGOTTEN: Final = _SENDERS_MAX // 10
"""At once: to look for them at every new sender would cost much."""


class Window:
    """Counts by sender in windows of fixed length."""

    def __init__(self, length_s: int, most: int) -> None:
        self._length_ns = length_s * NS_PER_S
        self._most = most
        self._window = 0
        self._counts: dict[str, int] = {}

    def count(self, sender: str, now_ns: int) -> int:
        """Return what *sender* has used of this window."""
        window = now_ns // self._length_ns
        if window != self._window:
            self._window = window
            self._counts = {}
        return self._counts.get(sender, 0)

    def take(self, sender: str, weight: int, now_ns: int) -> bool:
        """Use *weight* of the window if there is so much left, and return whether there is."""
        used = self.count(sender, now_ns) + weight
        if sender not in self._counts and len(self._counts) >= _SENDERS_MAX:
            # Whoever is at the limit stays known, however many others come.
            for least in nsmallest(_FORGOTTEN, self._counts, key=self._counts.__getitem__):
                del self._counts[least]
        self._counts[sender] = used
        return used <= self._most

    def left_s(self, now_ns: int) -> int:
        """Return after how many seconds the next window begins, at least one."""
        return max(1, -(-(self._length_ns - now_ns % self._length_ns) // NS_PER_S))


def sender_of(address: str) -> str:
    """Return who is counted for *address*: itself, or of IPv6 its /64, which one host has whole."""
    if ":" not in address:
        return address
    try:
        found = IPv6Address(address)
    except ValueError:
        return address
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(IPv6Network((int(found) >> _HOST_BITS << _HOST_BITS, 128 - _HOST_BITS)))


class Rates:
    """All counters."""

    def __init__(self) -> None:
        self._weight = Window(_MINUTE_S, WEIGHT_MAX)
        self._connections = Window(*CONNECTIONS)
        self._held = Counter[str]()
        self._orders = [(Window(length_s, most), name) for length_s, name, most, _ in ORDERS_MAX]

    def weigh(self, address: str, weight: int, now_ns: int) -> None:
        """Count a request.

        Raises:
            DialectError: 429, the sender has asked for too much.
        """
        if not self._weight.take(sender_of(address), weight, now_ns):
            text = (
                f"Too many requests; current limit of IP({address}) is {WEIGHT_MAX} requests per "
                f"minute. Please use WebSocket Streams for live updates to avoid polling the API."
            )
            raise too_many(-1003, text, now_ns=now_ns, left_s=self._weight.left_s(now_ns))

    def connect(self, address: str, now_ns: int) -> bool:
        """Count a WebSocket, and return whether the sender has it; `disconnect` gives it back."""
        sender = sender_of(address)
        may_open = self._connections.take(sender, 1, now_ns)
        is_full = self._held.total() >= HELD_MAX or self._held[sender] >= HELD_OF_SENDER_MAX
        if is_full or not may_open:
            return False
        self._held[sender] += 1
        return True

    def disconnect(self, address: str) -> None:
        """Count a WebSocket no more that its sender had."""
        sender = sender_of(address)
        self._held[sender] -= 1
        if not self._held[sender]:
            del self._held[sender]

    def order(self, account: str, now_ns: int) -> None:
        """Count a new order.

        Raises:
            DialectError: 429, the account has sent too many.
        """
        for (window, _), (_, _, most, span) in zip(self._orders, ORDERS_MAX, strict=True):
            if not window.take(account, 1, now_ns):
                text = f"Too many new orders; current limit is {most} orders per {span}."
                raise too_many(-1015, text, now_ns=now_ns, left_s=window.left_s(now_ns))

    def headers(self, address: str, account: str, now_ns: int) -> dict[str, str]:
        """Return what an answer tells of the counters; of orders only where there is an account."""
        used = self._weight.count(sender_of(address), now_ns)
        headers = {"X-MBX-USED-WEIGHT": str(used), "X-MBX-USED-WEIGHT-1M": str(used)}
        if account:
            for window, name in self._orders:
                headers[f"X-MBX-ORDER-COUNT-{name}"] = str(window.count(account, now_ns))
        return headers

    def weight_row(self, address: str, now_ns: int) -> dict[str, Any]:
        """Return the weight used, as the WebSocket API tells it."""
        return {**RATE_LIMITS[0], "count": self._weight.count(sender_of(address), now_ns)}

    def order_rows(self, account: str, now_ns: int) -> list[dict[str, Any]]:
        """Return the limits of orders, with what *account* has used of them."""
        counts = [window.count(account, now_ns) for window, _ in self._orders]
        return [{**row, "count": n} for row, n in zip(RATE_LIMITS[1:], counts, strict=True)]


def _row(kind: str, interval: str, number: int, limit: int) -> dict[str, Any]:
    row = {"rateLimitType": kind, "interval": interval, "intervalNum": number}
    return {**row, "limit": limit}


RATE_LIMITS: Final = (
    _row("REQUEST_WEIGHT", "MINUTE", 1, WEIGHT_MAX),
    _row("ORDERS", "SECOND", 10, ORDERS_MAX[0][2]),
    _row("ORDERS", "DAY", 1, ORDERS_MAX[1][2]),
)
"""As `exchangeInfo` lists them."""
