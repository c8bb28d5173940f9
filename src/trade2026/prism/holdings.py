"""What outsiders hold on PRISM, and the fees they paid: exact, and nothing is ever lost.

Every fill moves cash and inventory between two parties and a fee from one party to `FEES`.
So over all parties, the market's own included, cash and inventory keep their sums. The
balance that a participant begins with is what `TREASURY` then owes. Parties of a market that
does not run in this life, the agents while a recording is replayed, are kept here too until
they come back.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec

from trade2026.core.ids import AccountId
from trade2026.core.numbers import NANOS, SignedQty, Value
from trade2026.model.execution import ExecutionReport
from trade2026.model.instrument import Instrument
from trade2026.model.prism import PartyHolding, PrismFunding
from trade2026.model.reconciliation import StatementLine

FEES: Final = "fees"
"""The party that fees go to."""

TREASURY: Final = "treasury"
"""The party that beginning balances come from."""

CASH: Final = "cash:"
"""What stands before the name of an asset that came as money and not by trading a symbol."""

_ACCOUNT: Final = "account:"
_DIRECT: Final = "direct:"


class FeeRates(msgspec.Struct, frozen=True, kw_only=True):
    """What a fill costs, in basis points of its value."""

    maker_bps: int = 1
    taker_bps: int = 5


def party_of(account: str, *, is_direct: bool) -> str:
    """Return the party an outsider is; those who come past the OMS are parties of their own."""
    return f"{_DIRECT if is_direct else _ACCOUNT}{account}"


def is_direct_party(party: str) -> bool:
    """Return whether *party* is an outsider who comes past the OMS."""
    return party.startswith(_DIRECT)


class Holdings:
    """Cash and inventory by party and symbol of everybody that the market does not keep."""

    def __init__(self, holdings: Iterable[PartyHolding] = ()) -> None:
        self._cash: dict[tuple[str, str], int] = {}
        self._inventory: dict[tuple[str, str], int] = {}
        self._symbols: dict[str, set[str]] = {}
        self.outside_rows = 0
        """How many holdings, by party and symbol, outsiders have; those of zero are counted."""
        self.direct_rows = 0
        """Those among them of direct participants."""
        self.outside_party_count = 0
        """How many outsiders ever had anything."""
        self.direct_party_count = 0
        """Direct participants among them."""
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

    def fund(self, funding: PrismFunding, instruments: Mapping[str, Instrument]) -> None:
        """Give a direct participant its balance. A second one of the same account is nothing."""
        party = party_of(funding.account, is_direct=True)
        if self.is_funded(party):
            return
        for key, asset in self.keys_for(funding.amounts, instruments).items():
            amount = funding.amounts[asset]
            is_cash = key.startswith(CASH)
            cash, inventory = (amount * NANOS, 0) if is_cash else (0, amount)
            self._move(party, key, cash, inventory)
            self._move(TREASURY, key, -cash, -inventory)

    @staticmethod
    def keys_for(assets: Iterable[str], instruments: Mapping[str, Instrument]) -> dict[str, str]:
        """Return by symbol, or by `CASH` and its name for money, each of *assets*."""
        symbol_of = {instrument.base: symbol for symbol, instrument in instruments.items()}
        return {symbol_of.get(asset, f"{CASH}{asset}"): asset for asset in assets}

    def is_funded(self, party: str) -> bool:
        """Return whether *party* trades with a balance that it was given."""
        return any(symbol.startswith(CASH) for symbol in self.symbols_of(party))

    def cash(self, party: str, symbol: str) -> int:
        """Return the cash of *party* from *symbol*, in square nanos."""
        return self._cash.get((party, symbol), 0)

    def take_over(
        self, party: str, held: Iterable[PartyHolding], *, less: Iterable[PartyHolding]
    ) -> None:
        """Give *party* what others *held*, less what those who follow them begin with."""
        for sign, some in ((1, held), (-1, less)):
            for one in some:
                self._move(party, one.symbol, sign * one.cash, sign * one.inventory)

    def inventory(self, party: str, symbol: str) -> int:
        """Return what *party* holds of *symbol*, in nanos; negative where it is short."""
        return self._inventory.get((party, symbol), 0)

    def symbols_of(self, party: str) -> set[str]:
        """Return the symbols in which *party* ever had anything."""
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

    def lines(self) -> Iterator[StatementLine]:
        """Yield what the platform's accounts hold, those who come past the OMS left out."""
        for (party, symbol), cash in self._cash.items():
            if party.startswith(_ACCOUNT):
                yield StatementLine(
                    account=AccountId(party.removeprefix(_ACCOUNT)),
                    symbol=symbol,
                    quantity=SignedQty(self._inventory[party, symbol]),
                    cash=Value(cash),
                )

    def _move(self, party: str, symbol: str, cash: int, inventory: int) -> None:
        key = (party, symbol)
        is_outside = party.startswith((_ACCOUNT, _DIRECT))
        if key not in self._cash and is_outside:
            self.outside_rows += 1
            self.direct_rows += is_direct_party(party)
        if party not in self._symbols and is_outside:
            self.outside_party_count += 1
            self.direct_party_count += is_direct_party(party)
        self._symbols.setdefault(party, set()).add(symbol)
        self._cash[key] = self._cash.get(key, 0) + cash
        self._inventory[key] = self._inventory.get(key, 0) + inventory
