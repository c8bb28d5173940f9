"""Exact numbers: parsing strangers' text, formatting, and every rounding by name."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trade2026.core.errors import InvalidInputError, InvalidNumberError
from trade2026.core.numbers import (
    INT64_MAX,
    NANOS,
    PX_LIMIT,
    Bps,
    Money,
    Px,
    Value,
    average_px,
    bps_of,
    divide_half_even,
    fee_of,
    floor_to_step,
    format_nanos,
    is_multiple,
    money_down,
    money_half_even,
    money_up,
    parse_nanos,
    parse_number,
    parse_px,
    parse_qty,
    share_of,
    value_of,
    value_of_money,
)

int64 = st.integers(-INT64_MAX, INT64_MAX)


@pytest.mark.parametrize(
    ("text", "nanos"),
    [
        ("0", 0),
        ("-0", 0),
        ("1", NANOS),
        ("-12.5", -12_500_000_000),
        ("0.000000001", 1),
        ("000001.10", 1_100_000_000),
        ("0.1230000000000", 123_000_000),
        ("9223372036.854775807", INT64_MAX),
        ("-9223372036.854775807", -INT64_MAX),
        ("00000000000000009223372036.854775807", INT64_MAX),
    ],
)
def test_plain_decimal_notation_is_read_exactly(text: str, nanos: int) -> None:
    assert parse_nanos(text) == nanos


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        ".",
        ".5",
        "5.",
        "+1",
        "--1",
        "1-",
        "1_0",
        " 1 ",
        "1 ",
        "1\n",
        "1,5",
        "1.2.3",
        "0x10",
        "1e3",
        "NaN",
        "Infinity",
        "\u0661",
        "\u00b2",
        "1\u0660",
    ],
)
def test_whatever_is_not_plain_decimal_notation_is_refused(text: str) -> None:
    with pytest.raises(InvalidNumberError, match="not in plain decimal notation"):
        parse_nanos(text)


def test_what_is_finer_than_a_nano_is_refused_not_rounded() -> None:
    with pytest.raises(InvalidNumberError, match="finer than a nano"):
        parse_nanos("0.0000000001")


@pytest.mark.parametrize("text", ["9223372036.854775808", "10000000000", "9" * 5_000])
def test_what_does_not_fit_64_bits_is_refused(text: str) -> None:
    for signed in (text, f"-{text}"):
        with pytest.raises(InvalidNumberError, match="outside the signed 64-bit range"):
            parse_nanos(signed)


def test_the_error_quotes_only_a_little_of_a_strangers_text() -> None:
    with pytest.raises(InvalidNumberError) as caught:
        parse_nanos("x" * 1_000)

    assert len(str(caught.value)) < 100
    assert caught.value.field == ""
    assert isinstance(caught.value, InvalidInputError)


def test_an_error_of_a_field_names_it() -> None:
    assert str(InvalidInputError("price", "missing")) == "price: missing"


@pytest.mark.parametrize(
    ("text", "nanos"),
    [
        ("1.5", 1_500_000_000),
        ("1e3", 1_000 * NANOS),
        ("-1.5E+2", -150 * NANOS),
        ("1.25e1", 12_500_000_000),
        ("1.2345e2", 123_450_000_000),
        ("1e-9", 1),
        ("25e-1", 2_500_000_000),
        ("123.5e-2", 1_235_000_000),
        ("1e0", NANOS),
        ("0e30", 0),
        ("0.000000000000000000001e20", 100_000_000),
        ("-0.5e-1", -50_000_000),
    ],
)
def test_scientific_notation_is_read_exactly(text: str, nanos: int) -> None:
    assert parse_number(text) == nanos


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("1e31", "outside"),
        ("1e-31", "outside"),
        ("1e9999", "outside"),
        ("1e99999", "not in plain"),
        ("1e-10", "finer"),
        ("1e10", "outside"),
        ("1e", "not in plain"),
        ("e3", "not in plain"),
        (".5e3", "not in plain"),
        ("1e3.5", "not in plain"),
        ("\u0661e3", "not in plain"),
        ("1" * 65, "too long"),
    ],
)
def test_a_wild_exponent_or_length_is_refused(text: str, why: str) -> None:
    with pytest.raises(InvalidNumberError, match=why):
        parse_number(text)


@given(
    digits=st.integers(-(10**12), 10**12),
    power=st.integers(-12, 12),
    is_upper=st.booleans(),
)
def test_scientific_notation_means_what_decimal_arithmetic_says(
    digits: int, power: int, is_upper: bool
) -> None:
    text = f"{digits}{'E' if is_upper else 'e'}{power}"
    exact = Fraction(Decimal(text)) * NANOS

    if exact.denominator == 1 and abs(exact) <= INT64_MAX:
        assert parse_number(text) == exact
    else:
        with pytest.raises(InvalidNumberError):
            parse_number(text)


@given(nanos=int64)
def test_what_is_formatted_reads_back(nanos: int) -> None:
    assert parse_nanos(format_nanos(nanos)) == nanos
    assert parse_number(format_nanos(nanos)) == nanos


@given(nanos=int64)
def test_what_is_formatted_has_no_zeros_to_spare(nanos: int) -> None:
    text = format_nanos(nanos)

    assert Decimal(text) * NANOS == nanos
    assert "." not in text or not text.endswith(("0", "."))


@given(text=st.text(max_size=70))
def test_any_text_is_a_number_or_refused_and_nothing_else(text: str) -> None:
    try:
        nanos = parse_number(text)
    except InvalidNumberError:
        return
    assert abs(nanos) <= INT64_MAX


def test_prices_lie_strictly_within_a_thousand_million() -> None:
    assert parse_px("999999999.999999999") == PX_LIMIT - 1
    assert parse_px("-999999999.999999999") == 1 - PX_LIMIT
    for text in ("1e9", "-1e9"):
        with pytest.raises(InvalidNumberError, match="price range"):
            parse_px(text)


def test_quantities_are_not_negative() -> None:
    assert parse_qty("0") == 0
    assert parse_qty("2.5e-1") == 250_000_000
    with pytest.raises(InvalidNumberError, match="the side carries the sign"):
        parse_qty("-0.1")


def test_values_are_exact_products() -> None:
    value = value_of(Px(INT64_MAX), -INT64_MAX)

    assert value == -(INT64_MAX**2)
    assert isinstance(value, Value)
    assert value_of_money(Money(-3)) == -3 * NANOS


@pytest.mark.parametrize(
    ("value", "down", "up", "half_even"),
    [
        (0, 0, 0, 0),
        (NANOS, 1, 1, 1),
        (1, 0, 1, 0),
        (-1, -1, 0, 0),
        (NANOS // 2, 0, 1, 0),
        (3 * NANOS // 2, 1, 2, 2),
        (-NANOS // 2, -1, 0, 0),
        (-3 * NANOS // 2, -2, -1, -2),
        (NANOS // 2 + 1, 0, 1, 1),
        (-NANOS // 2 - 1, -1, 0, -1),
    ],
)
def test_every_rounding_does_what_its_name_says(
    value: int, down: int, up: int, half_even: int
) -> None:
    assert (money_down(value), money_up(value), money_half_even(value)) == (down, up, half_even)


@given(numerator=st.integers(-(10**30), 10**30), denominator=st.integers(1, 10**20))
def test_half_even_is_the_nearest(numerator: int, denominator: int) -> None:
    assert divide_half_even(numerator, denominator) == round(Fraction(numerator, denominator))


def test_nothing_is_divided_by_nothing() -> None:
    with pytest.raises(AssertionError):
        divide_half_even(1, 0)


def test_an_average_price_needs_units() -> None:
    assert average_px(0, 0) is None
    assert average_px(300, 3) == 100
    assert average_px(-300, -3) == 100
    assert average_px(5, 2) == 2
    assert average_px(7, 2) == 4


@pytest.mark.parametrize(
    ("value", "rate", "fee"),
    [
        (value_of(Px(50_000 * NANOS), NANOS), 5, 25 * NANOS),
        (-value_of(Px(50_000 * NANOS), NANOS), 5, 25 * NANOS),
        (1, 1, 1),
        (0, 5, 0),
        (10_000 * NANOS, 1, 1),
        (10_000 * NANOS + 1, 1, 2),
        (NANOS, 0, 0),
    ],
)
def test_a_fee_is_rounded_up_and_never_depends_on_the_side(value: int, rate: int, fee: int) -> None:
    assert fee_of(value, Bps(rate)) == fee


def test_a_share_is_rounded_toward_zero() -> None:
    assert share_of(11, 3, 7) == 4
    assert share_of(-11, 3, 7) == -4
    assert share_of(11, 0, 7) == 0
    assert share_of(11, 7, 7) == 11


@pytest.mark.parametrize(("part", "whole"), [(-1, 7), (8, 7), (0, 0)])
def test_a_share_lies_between_nothing_and_all(part: int, whole: int) -> None:
    with pytest.raises(AssertionError):
        share_of(11, part, whole)


@given(value=st.integers(-(10**30), 10**30), whole=st.integers(1, 10**18), data=st.data())
def test_a_share_and_its_remainder_are_the_whole(
    value: int, whole: int, data: st.DataObject
) -> None:
    part = data.draw(st.integers(0, whole))
    share = share_of(value, part, whole)

    assert abs(Fraction(value * part, whole)) - abs(share) < 1
    assert abs(share) <= abs(value)


def test_basis_points_of_a_price_are_of_its_size() -> None:
    assert bps_of(Px(50_000), Bps(100)) == 500
    assert bps_of(Px(-50_000), Bps(100)) == 500
    assert bps_of(Px(99), Bps(100)) == 0


def test_a_step_of_nothing_allows_anything() -> None:
    assert is_multiple(7, 0)
    assert floor_to_step(7, 0) == 7


@given(nanos=int64, step=st.integers(1, INT64_MAX))
def test_the_floor_lies_on_the_grid_and_less_than_a_step_below(nanos: int, step: int) -> None:
    floor = floor_to_step(nanos, step)

    assert is_multiple(floor, step)
    assert 0 <= nanos - floor < step
    assert is_multiple(nanos, step) == (floor == nanos)
