"""What is signed is what was sent, whatever way it came."""

import msgspec
import pytest

from trade2026.edge.dialect.errors import DialectError
from trade2026.edge.dialect.params import read_form
from trade2026.edge.dialect.signing import form_payload, sign, sorted_payload
from trade2026.edge.dialect.ws_api import text_of


def test_the_documented_example_is_signed_as_documented() -> None:
    # Source: Binance Spot API, "SIGNED endpoint examples for POST /api/v3/order", HMAC keys.
    secret = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
    payload = (
        "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1"
        "&recvWindow=5000&timestamp=1499827319559"
    )

    assert sign(secret, payload) == (
        "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"
    )


@pytest.mark.parametrize(
    ("query", "body", "payload"),
    [
        ("a=1&signature=x", "", "a=1"),
        ("signature=x&a=1", "", "a=1"),
        ("a=1&signature=x&b=2", "", "a=1&b=2"),
        ("a=1", "b=2&signature=x", "a=1b=2"),
        ("a=%20&signature=x", "", "a=%20"),
        ("nosignature=1&signature=x", "", "nosignature=1"),
    ],
)
def test_the_signature_itself_is_not_signed(query: str, body: str, payload: str) -> None:
    assert form_payload(query, body) == payload


def test_the_websocket_api_signs_in_the_order_of_names_and_numbers_as_they_were_written() -> None:
    raw = msgspec.json.decode(
        b'{"timestamp":1660801715431,"quantity":0.10000000,"side":"SELL","x":true,"signature":"s"}',
        type=dict[str, msgspec.Raw],
    )

    values = {name: text_of(name, token) for name, token in raw.items()}

    assert sorted_payload(values) == (
        "quantity=0.10000000&side=SELL&timestamp=1660801715431&x=true"
    )


@pytest.mark.parametrize("token", [b"null", b'{"a":1}', b'"1&price=2"'])
def test_what_is_no_value_is_refused(token: bytes) -> None:
    with pytest.raises(DialectError):
        text_of("x", msgspec.Raw(token))


@pytest.mark.parametrize("name", ["icebergQty=1&newClientOrderId", "price=1", "1price", ""])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(DialectError):
        text_of(name, msgspec.Raw(b'"x"'))


def read_mixed(query: str, body: str) -> dict[str, str] | None:
    """Return what a request means, None where it is refused."""
    try:
        return {**read_form(body), **read_form(query)}
    except DialectError:
        return None


def test_what_was_signed_as_one_means_the_same_or_nothing_wherever_it_is_cut() -> None:
    signed = "symbol=BTCUSDT&side=BUY&quantity=0.015&price=40000&timestamp=1499827319559"
    cuts = [(signed[:at], signed[at:]) for at in range(len(signed) + 1)]
    alike = [cut for cut in cuts if form_payload(*cut) == signed]

    assert len(alike) > len(signed) - signed.count("&")
    assert [cut for cut in alike if read_mixed(*cut)] == [("", signed), (signed, "")]


def test_what_was_signed_in_two_parts_is_not_cut_within_a_number() -> None:
    query, body = "symbol=BTCUSDT&side=BUY&quantity=0.015", "newClientOrderId=mine&price=40000"
    signed, start = query + body, query.index("0.015")
    inside = [(signed[:at], signed[at:]) for at in range(start + 1, len(query))]

    assert read_mixed(query, body) == {**read_form(query), **read_form(body)}
    assert {form_payload(*cut) for cut in inside} == {form_payload(query, body)}
    assert [read_mixed(*cut) for cut in inside] == [None] * 4


@pytest.mark.parametrize(
    "text", ["a", "=1", "a=1&", "&a=1", "a=1&&b=2", "1a=1", "a%26b=1", "a=b=1"]
)
def test_what_is_no_form_is_refused(text: str) -> None:
    with pytest.raises(DialectError) as refused:
        read_form(text)

    assert refused.value.code == -1100


def test_a_form_may_be_empty_and_so_may_a_value() -> None:
    assert read_form("") == {}
    assert read_form("a=&b=x%26y") == {"a": "", "b": "x&y"}
