"""Decimal texts become exact nanos, within bounds, and the memory of them is bounded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trade2026.core.errors import InvalidNumberError
from trade2026.core.numbers import NANOS, parse_nanos
from trade2026.domain.market.numeral import FEED_QTY_LIMIT, MEMORY_LIMIT, PxMemo, QtyMemo


@given(whole=st.integers(0, 10**12), places=st.integers(0, 12), data=st.data())
def test_a_text_means_what_the_exact_parser_says(
    whole: int, places: int, data: st.DataObject
) -> None:
    part = data.draw(st.text("0123456789", min_size=places, max_size=places))
    text = f"{whole}.{part}" if part else str(whole)
    try:
        expected = parse_nanos(text)
    except InvalidNumberError:
        expected = -1

    try:
        found = int(QtyMemo()[text])
    except InvalidNumberError:
        found = -1

    assert found == (expected if expected < FEED_QTY_LIMIT else -1)


@pytest.mark.parametrize(
    "text",
    ["", ".", "1.", ".5", "1_0.5", " 1.5", "1.5 ", "١.٥", "-1.5", "1.0000000001", "1e31", "NaN"],  # noqa: RUF001 - digits of another script.
)
def test_what_is_no_plain_number_is_refused(text: str) -> None:
    with pytest.raises(InvalidNumberError):
        QtyMemo()[text]
    with pytest.raises(InvalidNumberError):
        PxMemo()[text]


@pytest.mark.parametrize("text", ["0", "0.00000000", "-1", "1000000000.0", "1000000000"])
def test_a_price_is_positive_and_below_its_limit(text: str) -> None:
    with pytest.raises(InvalidNumberError):
        PxMemo()[text]


def test_a_memo_starts_again_when_it_is_full() -> None:
    prices, quantities = PxMemo(), QtyMemo()

    for number in range(MEMORY_LIMIT + 1):
        assert prices[f"{number + 1}.5"] == (number + 1) * NANOS + NANOS // 2
        assert quantities[f"{number}.5"] == number * NANOS + NANOS // 2

    assert len(prices) == len(quantities) == 1
