"""Snapshots and beginnings of lives of many holders, made small enough for one message.

A message of the log is whole or not there, which is what a restart relies on; so what is large
is compressed and stays one message. How many agents there may be follows from that: with all
that outsiders may have besides, however little it can be compressed, it still must fit.
"""

import zlib
from typing import Final, TypeVar

import msgspec

from trade2026.core.errors import InvalidInputError
from trade2026.model import codec
from trade2026.model.prism import OutsideOrder, PartyHolding, PrismLife, PrismSnapshot
from trade2026.prism.config import MarketConfig

AGENT_ROWS_MAX: Final = 12_000
"""Agents times symbols: each has some 22 bytes of a packed snapshot."""
ROWS_PLAIN: Final = 1_000
"""Holdings and orders up to which nothing is packed."""
_QUICK: Final = 1

L = TypeVar("L", PrismLife, PrismSnapshot)


class _Packed(msgspec.Struct, frozen=True, kw_only=True):
    holdings: tuple[PartyHolding, ...]
    older_orders: tuple[OutsideOrder, ...] = ()


def pack(message: L) -> L:
    """Return *message* as the log takes it."""
    orders = message.older_orders if isinstance(message, PrismSnapshot) else ()
    if len(message.holdings) + len(orders) <= ROWS_PLAIN:
        return message
    many = codec.encode(_Packed(holdings=message.holdings, older_orders=orders))
    message = msgspec.structs.replace(message, holdings=(), packed=zlib.compress(many, _QUICK))
    if isinstance(message, PrismSnapshot):
        return msgspec.structs.replace(message, older_orders=())
    return message


def unpack(message: L) -> L:
    """Return *message*, read from the log, as it was."""
    if not message.packed:
        return message
    many = codec.decode(_Packed, zlib.decompress(message.packed))
    message = msgspec.structs.replace(message, holdings=many.holdings, packed=b"")
    if isinstance(message, PrismSnapshot):
        return msgspec.structs.replace(message, older_orders=many.older_orders)
    return message


def require_room(config: MarketConfig) -> None:
    """Refuse a market of more agents than one snapshot can hold.

    Raises:
        InvalidInputError: names the setting, and how many there may be.
    """
    count, symbols = sum(group.count for group in config.agents), len(config.symbols)
    most = AGENT_ROWS_MAX // symbols
    if count > most:
        raise InvalidInputError(
            "prism.agents", f"{count} agents in {symbols} symbols are too many: {most} at most"
        )
