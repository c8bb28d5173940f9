"""Whatever an order may be, there are words for it: what has none would end the market."""

import msgspec
import pytest
from tests.factories import an_order

from trade2026.edge.dialect.accounts import Placed
from trade2026.edge.dialect.words import order_row
from trade2026.model.order import OrdType, SelfTradePrevention


@pytest.mark.parametrize("stp", SelfTradePrevention)
@pytest.mark.parametrize("ord_type", OrdType)
def test_every_type_and_every_prevention_has_its_words(
    ord_type: OrdType, stp: SelfTradePrevention
) -> None:
    request = msgspec.structs.replace(an_order(), ord_type=ord_type, stp=stp)

    row = order_row(Placed(number=1, request=request, created_ns=0, updated_ns=0))

    assert row["type"] in {"LIMIT", "MARKET", "STOP_LOSS", "STOP_LOSS_LIMIT"}
    assert row["selfTradePreventionMode"]


def test_an_order_that_only_makes_is_called_so() -> None:
    request = msgspec.structs.replace(an_order(), is_post_only=True)

    row = order_row(Placed(number=1, request=request, created_ns=0, updated_ns=0))

    assert row["type"] == "LIMIT_MAKER"
