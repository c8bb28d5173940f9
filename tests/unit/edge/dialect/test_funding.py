"""The setting of the opening balance is read exactly, or refused at the start."""

import pytest

from trade2026.core.errors import SettingsError
from trade2026.core.numbers import NANOS
from trade2026.edge.dialect.funding import read_balance
from trade2026.model.instrument import PRISM_INSTRUMENTS


def test_amounts_are_exact_and_quotes_are_always_there() -> None:
    assert read_balance("BTC:0.5 AAPL:3", PRISM_INSTRUMENTS) == {
        "USDT": 0,
        "BTC": NANOS // 2,
        "AAPL": 3 * NANOS,
    }
    assert read_balance("", PRISM_INSTRUMENTS) == {"USDT": 0}


@pytest.mark.parametrize("text", ["XRP:1", "BTC", "BTC:", "BTC:x", "BTC:-1", "BTC:1 BTC:2"])
def test_what_is_no_balance_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="OPENING_BALANCE"):
        read_balance(text, PRISM_INSTRUMENTS)
