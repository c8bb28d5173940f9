"""The balance that an account of the exchange API begins with, as a setting spells it."""

from collections.abc import Iterable
from typing import Final

from trade2026.core.errors import InvalidNumberError, SettingsError
from trade2026.core.numbers import Qty, parse_qty
from trade2026.model.instrument import Instrument

SETTING: Final = "TRADE2026_PRISM_OPENING_BALANCE"


def read_balance(text: str, instruments: Iterable[Instrument]) -> dict[str, Qty]:
    """Return amounts by asset of *text*, such as ``USDT:100000 BTC:1``.

    Every quote asset is in it, if only with nothing: so an account that has a balance is
    told from one that has none.

    Raises:
        SettingsError: an asset does not trade on PRISM, or is there twice, or its amount is
            no exact number.
    """
    listed = list(instruments)
    assets = {i.quote for i in listed} | {i.base for i in listed}
    balance: dict[str, Qty] = {i.quote: Qty(0) for i in listed}
    seen: set[str] = set()
    for part in text.split():
        asset, _, amount = part.partition(":")
        if asset not in assets or asset in seen:
            raise SettingsError(f"{SETTING}: {asset[:20]} is not traded on PRISM, or there twice")
        seen.add(asset)
        try:
            balance[asset] = parse_qty(amount)
        except InvalidNumberError as error:
            raise SettingsError(f"{SETTING}: {asset}: {error.why}") from None
    return balance
