"""The archive of orders: a file beside the log that holds what memory need not hold.

It is derived from the log and never the truth: a damaged or older one is made again. Its
contents are bytes to it; only what is searched by stands in columns. Every commit holds
orders, fills and the place in the log they were made at together, or none of them.
"""

from collections.abc import Iterable
from typing import Protocol

import msgspec


class OrderRow(msgspec.Struct, frozen=True, kw_only=True):
    """One order to keep; it replaces the row of the same id."""

    order_id: str
    account: str
    cl_ord_id: str
    symbol: str
    strategy: str
    side: str
    status: str
    is_open: bool
    content: bytes


class FillRow(msgspec.Struct, frozen=True, kw_only=True):
    """One fill to keep, under its number."""

    number: int
    account: str
    content: bytes


class RowQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which rows are wanted; None wants any."""

    accounts: tuple[str, ...] | None = None
    symbol: str | None = None
    strategy: str | None = None
    side: str | None = None
    status: str | None = None
    before: str | None = None
    """Only ids below this one."""


class OrderArchive(Protocol):
    """A store of done orders that can be searched; every call may block.

    Raises:
        UnavailableError: from any of them, where the file does not answer now.
        StoreDamagedError: where it never will.
    """

    def load(self) -> bytes | None:
        """Return what the last commit said of itself, None where there was none."""
        ...

    def open_orders(self) -> list[bytes]:
        """Return the contents of every open order, oldest id first."""
        ...

    def order(self, order_id: str) -> bytes | None:
        """Return the order of that id."""
        ...

    def order_by_key(self, account: str, cl_ord_id: str) -> bytes | None:
        """Return the account's order of that key."""
        ...

    def orders(self, query: RowQuery, limit: int) -> list[tuple[str, bytes]]:
        """Return up to *limit* ids and orders, newest id first."""
        ...

    def fills(self, accounts: tuple[str, ...] | None, after: int, limit: int) -> list[bytes]:
        """Return up to *limit* fills with a number above *after*, in their order."""
        ...

    def commit(self, orders: Iterable[OrderRow], fills: Iterable[FillRow], image: bytes) -> None:
        """Keep the rows, and *image*, which says where in the log they were made."""
        ...

    def reset(self) -> None:
        """Throw everything away and begin anew."""
        ...

    def close(self) -> None:
        """Let go of the file."""
        ...
