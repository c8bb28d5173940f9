"""What an account is worth and what it binds, kept as sums that change with their parts.

An order is judged in microseconds: only the symbols that were quoted or traded since the last
look are reckoned again, never all of them.
"""

import msgspec

from trade2026.core.numbers import Money


class Part(msgspec.Struct, frozen=True, gc=False):
    """The share of one symbol in an account's sums."""

    value: int = 0
    """At the mark, with the quantity's sign, in square nanos like `gross`."""
    gross: int = 0
    """Size of the holding, with what open orders may add on the worse side."""
    margin: int = 0
    """Equity bound beside what orders reserve, in nanos."""
    pnl: Money = Money(0)
    """Unrealised, against average cost."""


_NOTHING = Part()


class Worth:
    """The sums of one account; mutable."""

    def __init__(self) -> None:
        self.value = self.gross = 0
        """In square nanos."""
        self.margin = Money(0)
        self.stale: set[str] = set()
        """The symbols to reckon again: each is then `put`, and taken out."""
        self._parts: dict[str, Part] = {}

    def spoil(self, symbol: str) -> None:
        """Remember that something about *symbol* has changed."""
        self.stale.add(symbol)

    def spoil_mark(self, symbol: str) -> None:
        """Remember that *symbol* is quoted anew, where the account has to do with it."""
        if symbol in self._parts:
            self.spoil(symbol)

    def spoil_all(self) -> None:
        """Remember that every symbol must be reckoned again."""
        self.stale.update(self._parts)

    def pnl(self, symbol: str) -> Money:
        """Return what is unrealised of *symbol*."""
        return self._parts.get(symbol, _NOTHING).pnl

    def put(self, symbol: str, part: Part) -> None:
        """Let the share of *symbol* be *part* from here on."""
        old = self._parts.get(symbol, _NOTHING)
        self.value += part.value - old.value
        self.gross += part.gross - old.gross
        self.margin = Money(self.margin + part.margin - old.margin)
        self._parts[symbol] = part
