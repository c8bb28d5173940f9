"""What an order may say over HTTP is passed on exactly, or refused with the field's name."""

from typing import Any

import msgspec
import pytest
from tests.factories import qty

from trade2026.core.errors import InvalidInputError
from trade2026.desk.ask import OrderAsk
from trade2026.edge.order_request import OrderRequest, read_request
from trade2026.model.order import SelfTradePrevention

BODY: dict[str, Any] = {"symbol": "BTCUSDT", "side": "BUY", "quantity": 1, "price": 50000}


def read(**changes: Any) -> OrderAsk:
    body = msgspec.json.decode(msgspec.json.encode({**BODY, **changes}), type=OrderRequest)
    return read_request(body, "tess")


def test_how_a_limit_order_rests_is_passed_on() -> None:
    ask = read(post_only=True, display_quantity="0.25", stp="cancel_oldest")

    assert ask.is_post_only
    assert ask.display_qty == qty("0.25")
    assert ask.stp is SelfTradePrevention.CANCEL_OLDEST


def test_nothing_of_it_is_asked_where_nothing_is_said() -> None:
    ask = read()

    assert not ask.is_post_only
    assert ask.display_qty is None
    assert ask.stp is SelfTradePrevention.CANCEL_NEWEST


def test_a_stop_that_becomes_a_limit_order_may_say_how_it_rests_then() -> None:
    ask = read(type="STOP_LIMIT", stop_price=49000, post_only=True, display_quantity=1)

    assert (ask.is_post_only, ask.display_qty) == (True, qty("1"))


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"post_only": True, "time_in_force": "IOC"}, "post_only"),
        ({"post_only": True, "type": "MARKET", "price": None}, "post_only"),
        ({"post_only": True, "type": "STOP", "stop_price": 1, "price": None}, "post_only"),
        ({"display_quantity": 1, "time_in_force": "FOK"}, "display_quantity"),
        ({"display_quantity": 1, "type": "MARKET", "price": None}, "display_quantity"),
        ({"display_quantity": 0}, "display_quantity"),
        ({"display_quantity": -1}, "display_quantity"),
        ({"display_quantity": "1.000000001"}, "display_quantity"),
        ({"display_quantity": "much"}, "display_quantity"),
        ({"stp": "NEVER"}, "stp"),
    ],
)
def test_what_does_not_go_together_is_refused(wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInputError) as error:
        read(**wrong)

    assert error.value.field == field
