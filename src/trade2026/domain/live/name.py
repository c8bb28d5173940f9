"""What an order is called at the exchange: made of our own id, before anything is sent.

Thirty-two hexadecimal digits: the strictest of the large exchanges (OKX: letters and digits, at
most 32; Binance: 36) take them. The same order has the same name after any crash, so the
exchange can be asked for it.
"""

from hashlib import blake2s
from typing import Final

from trade2026.core.ids import OrderId

DIGITS: Final = 32


def client_id_of(order_id: OrderId, replace_id: str = "") -> str:
    """Return the name of an order, or of what takes its place after a change."""
    text = f"{order_id}/{replace_id}".encode()
    return blake2s(text, digest_size=DIGITS // 2).hexdigest()
