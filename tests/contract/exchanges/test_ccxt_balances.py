"""Balances, deposits and withdrawals as the real ccxt reads them from documented answers.

The rows are those of Binance's documentation ("Deposit History", "Withdraw History", "Account
information"), not recorded ones.
"""

from typing import Any

import ccxt
import pytest
from tests.factories import money

from trade2026.adapters.exchanges.ccxt_words import balances_of, transfers_of
from trade2026.adapters.exchanges.exact import floor_of
from trade2026.core.clock import NS_PER_MS
from trade2026.core.errors import InvalidNumberError, VenueUnavailableError
from trade2026.model.balance import AssetBalance

DEPOSITS: list[dict[str, Any]] = [
    {"id": "d1", "amount": "4500", "coin": "USDT", "status": 1, "insertTime": 1618394381000},
    {"id": "d2", "amount": "7", "coin": "USDT", "status": 0, "insertTime": 1618394382000},
    {"amount": "1", "coin": "BTC", "status": 1, "txId": "ab", "insertTime": 1618394383000},
]
WITHDRAWALS: list[dict[str, Any]] = [
    {
        "id": "w1",
        "amount": "28.75",
        "transactionFee": "0.25",
        "coin": "USDT",
        "status": 6,
        "applyTime": "2021-04-15 12:09:16",
    },
    {"id": "w2", "amount": "1", "transactionFee": "0", "coin": "USDT", "status": 1},
]


@pytest.fixture
def api() -> Any:
    """Return a client that asks nobody anything."""
    config: Any = {"number": str}
    return ccxt.binance(config)


def test_only_transfers_that_are_done_are_told_with_what_they_cost(api: Any) -> None:
    # As ccxt's own questions mark their rows.
    come = api.parse_transactions([{**row, "type": "deposit"} for row in DEPOSITS])
    gone = api.parse_transactions([{**row, "type": "withdrawal"} for row in WITHDRAWALS])

    told = [*transfers_of(come, is_in=True), *transfers_of(gone, is_in=False)]

    assert [(one.transfer_id, one.asset, one.amount) for one in told] == [
        ("in-d1", "USDT", money("4500")),
        ("in-ab", "BTC", money("1")),
        ("out-w1", "USDT", money("-29")),
    ]
    assert told[0].ts_ns == 1618394381000 * NS_PER_MS


def test_what_there_is_is_told_to_the_nano_and_what_is_none_is_left_out(api: Any) -> None:
    rows = [
        {"asset": "BTC", "free": "1.00000001", "locked": "0.5"},
        {"asset": "ETH", "free": "0.0", "locked": "0.00"},
        # Finer than a nano, and more of it than any instrument could trade.
        {"asset": "DUST", "free": "0.0000000019", "locked": "0"},
        {"asset": "MANY", "free": "99999999999", "locked": "0"},
    ]

    told = balances_of(api.parse_balance_custom({"balances": rows}, "spot"))

    assert told == [
        AssetBalance(asset="BTC", free=money("1.00000001"), held=money("0.5")),
        AssetBalance(asset="DUST", free=money("0.000000001"), held=money("0")),
    ]


def test_an_asset_of_which_a_part_is_not_told_is_no_answer() -> None:
    with pytest.raises(VenueUnavailableError, match="BTC"):
        balances_of({"total": {"BTC": None}, "free": {"BTC": "1"}})


@pytest.mark.parametrize("told", ["NaN", "Infinity", "much"])
def test_what_is_no_number_is_refused(told: str) -> None:
    with pytest.raises(InvalidNumberError):
        floor_of(told)
