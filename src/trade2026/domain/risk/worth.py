"""What an account is worth and what it binds, kept as sums that change with their parts.

An order is judged in microseconds: only the symbols that were quoted or traded since the last
look are reckoned again, never all of them.
"""

import msgspec

from trade2026.core.numbers import Money


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """The share of one symbol in an account's sums."""

    value: int = 0
    """At the mark, with the quantity's sign, in square nanos like `gross`."""
    gross: int = 0
    """Size of the holding, with what open orders may add on the worse side."""
    margin: int = 0
    """Equity bound beside what orders reserve, in nanos."""


_NOTHING = Part()


class Worth:
    """The sums of one account; mutable."""

    def __init__(self) -> None:
        self.value = self.gross = 0
        """In square nanos."""
        self.margin = Money(0)
        self.is_stale = False
        """Whether anything is to be reckoned again."""
        self._parts: dict[str, Part] = {}
        self._stale: set[str] = set()

    def spoil(self, symbol: str) -> None:
        """Remember that something about *symbol* has changed."""
        self._stale.add(symbol)
        self.is_stale = True

    def spoil_mark(self, symbol: str) -> None:
        """Remember that *symbol* is quoted anew, where the account has to do with it."""
        if symbol in self._parts:
            self.spoil(symbol)

    def spoil_all(self) -> None:
        """Remember that every symbol must be reckoned again."""
        self._stale.update(self._parts)
        self.is_stale = bool(self._stale)

    def stale(self) -> list[str]:
        """Return the symbols to reckon again; each is then `put`."""
        symbols = list(self._stale)
        self._stale.clear()
        self.is_stale = False
        return symbols

    def put(self, symbol: str, part: Part) -> None:
        """Let the share of *symbol* be *part* from here on."""
        old = self._parts.get(symbol, _NOTHING)
        self.value += part.value - old.value
        self.gross += part.gross - old.gross
        self.margin = Money(self.margin + part.margin - old.margin)
        self._parts[symbol] = part
