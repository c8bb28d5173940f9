"""What is signed is what was sent, whatever way it came."""

import msgspec
import pytest

from trade2026.edge.dialect.errors import DialectError
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


@pytest.mark.parametrize("token", [b"null", b'{"a":1}'])
def test_what_is_no_value_is_refused(token: bytes) -> None:
    with pytest.raises(DialectError):
        text_of("x", msgspec.Raw(token))
