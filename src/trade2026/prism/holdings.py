"""What outsiders hold on PRISM, and the fees they paid: exact, and nothing is ever lost.

Every fill moves cash and inventory between two parties and a fee from one party to `FEES`.
So over all parties, the market's own included, cash and inventory keep their sums. Parties
of a market that does not run in this life, such as the agents while a recording is
replayed, are kept here too until they come back.
"""

from collections.abc import Iterable
from typing import Final

import msgspec

from trade2026.core.numbers import NANOS, SignedQty, Value
from trade2026.model.execution import ExecutionReport
from trade2026.model.prism import PartyHolding

FEES: Final = "fees"
"""The party that fees go to."""

_ACCOUNT: Final = "account:"
_DIRECT: Final = "direct:"


class FeeRates(msgspec.Struct, frozen=True, kw_only=True):
    """What a fill costs, in basis points of its value."""

    maker_bps: int = 1
    taker_bps: int = 5


def party_of(account: str, *, is_direct: bool) -> str:
    """Return the party an outsider is; those who come past the OMS are parties of their own."""
    return f"{_DIRECT if is_direct else _ACCOUNT}{account}"


class Holdings:
    """Cash and inventory by party and symbol of everybody that the market does not keep."""

    def __init__(self, holdings: Iterable[PartyHolding] = ()) -> None:
        self._cash: dict[tuple[str, str], int] = {}
        self._inventory: dict[tuple[str, str], int] = {}
        self._symbols: dict[str, set[str]] = {}
        for holding in holdings:
            self._move(holding.party, holding.symbol, holding.cash, holding.inventory)

    def book(self, report: ExecutionReport, *, is_direct: bool) -> None:
        """Book an outsider's side of the fill that *report* tells of."""
        signed_qty = report.side.sign * report.last_qty
        fee = report.fee * NANOS
        party = party_of(report.account, is_direct=is_direct)
        self._move(party, report.symbol, -signed_qty * report.last_px - fee, signed_qty)
        self._move(FEES, report.symbol, fee, 0)

    def book_contra(self, report: ExecutionReport) -> None:
        """Book the other side of a fill on a party that this life's market does not have."""
        signed_qty = report.side.sign * report.last_qty
        self._move(report.contra, report.symbol, signed_qty * report.last_px, -signed_qty)

    def inventory(self, party: str, symbol: str) -> int:
        """Return what *party* holds of *symbol*, in nanos; negative where it is short."""
        return self._inventory.get((party, symbol), 0)

    def symbols_of(self, party: str) -> set[str]:
        """Return the symbols in which *party* ever had a fill."""
        return self._symbols.get(party, set())

    def all(self) -> list[PartyHolding]:
        """Return what everybody here holds."""
        return [
            PartyHolding(
                party=party,
                symbol=symbol,
                cash=Value(cash),
                inventory=SignedQty(self._inventory[party, symbol]),
            )
            for (party, symbol), cash in self._cash.items()
        ]

    def _move(self, party: str, symbol: str, cash: int, inventory: int) -> None:
        key = (party, symbol)
        self._symbols.setdefault(party, set()).add(symbol)
        self._cash[key] = self._cash.get(key, 0) + cash
        self._inventory[key] = self._inventory.get(key, 0) + inventory
