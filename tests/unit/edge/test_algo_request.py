"""What a request for an algorithm may say, and what is refused by its field."""

from typing import Any

import msgspec
import pytest
from tests.factories import NOW_NS, px, qty

from trade2026.core.clock import NS_PER_S
from trade2026.core.errors import InvalidInputError
from trade2026.core.numbers import NANOS
from trade2026.edge.algo_request import (
    AlgoChangeRequest,
    AlgoOrderRequest,
    read_algo,
    read_terms,
)
from trade2026.model.algo import AlgoName, AlgoRequest
from trade2026.model.order import Side

BODY: dict[str, Any] = {
    "symbol": "BTCUSDT",
    "side": "buy",
    "quantity": "0.6",
    "duration_s": 600,
    "algo": {"name": "twap"},
}


def read(**changes: Any) -> AlgoRequest:
    said = {name: value for name, value in {**BODY, **changes}.items() if value is not None}
    body = msgspec.json.decode(msgspec.json.encode(said), type=AlgoOrderRequest)
    return read_algo(body, "tess", "algo-1", NOW_NS)


def algo(name: str, **params: Any) -> dict[str, Any]:
    return {"algo": {"name": name, "params": params}}


def test_what_is_not_said_is_filled_in() -> None:
    request = read()

    assert (request.name, request.side, request.order_qty) == (AlgoName.TWAP, Side.BUY, qty("0.6"))
    assert (request.start_ns, request.end_ns) == (NOW_NS, NOW_NS + 600 * NS_PER_S)
    assert (request.slice_ns, request.venue, request.price) == (10 * NS_PER_S, "PRISM", None)
    assert (request.algo_id, request.cl_algo_id, request.sent_by) == ("algo-1", "algo-1", "tess")


def test_every_algorithm_has_its_own_parameters() -> None:
    assert read(**algo("POV", participation="0.1")).rate_bps == 1_000
    assert read(**algo("ICEBERG", display_quantity=0.1)).display_qty == qty("0.1")
    assert read(**algo("IMPLEMENTATION_SHORTFALL", urgency=1.5)).urgency == 1_500_000_000
    assert read(**algo("IMPLEMENTATION_SHORTFALL")).urgency == 3 * NANOS
    assert read(**algo("VWAP", volume_curve=[1, 0, 2])).weights == (1, 0, 2)
    assert read(**algo("VWAP", slice_s="2.5")).slice_ns == 2_500_000_000


def test_times_are_read_with_their_offset() -> None:
    later = read(duration_s=None, start_at="2030-01-01T01:00:00+01:00", end_at="2030-01-01T00:10Z")

    assert later.end_ns - later.start_ns == 600 * NS_PER_S
    assert read(start_at="2001-01-01T00:00Z").start_ns == NOW_NS


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        (algo("SNIPER"), "name"),
        (algo("TWAP", participation=0.1), "participation"),
        (algo("POV", participation=0.00001), "participation"),
        (algo("POV", volume_curve=[]), "volume_curve"),
        (algo("VWAP", volume_curve=[0, 0]), "volume_curve"),
        (algo("TWAP", slice_s=0.9), "slice_s"),
        ({"venue": "NOWHERE"}, "venue"),
        ({"side": "HOLD"}, "side"),
        ({"quantity": 0}, "quantity"),
        ({"price": 0}, "price"),
        ({"duration_s": None}, "duration_s"),
        ({"end_at": "2030-01-01T00:10Z"}, "duration_s"),
        ({"start_at": "soon"}, "start_at"),
        ({"start_at": "2030-01-01T00:10"}, "start_at"),
        ({"client_algo_id": "a b"}, "client_algo_id"),
    ],
)
def test_what_is_wrong_is_named(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        read(**changes)

    assert caught.value.field == field


def test_other_terms_name_what_changes() -> None:
    body = {"quantity": 1, "price": "50000", "end_at": "1970-01-01T00:00:01Z"}
    terms = read_terms(msgspec.json.decode(msgspec.json.encode(body), type=AlgoChangeRequest))

    assert (terms.order_qty, terms.price, terms.end_ns) == (qty("1"), px("50000"), NS_PER_S)
    nothing = read_terms(AlgoChangeRequest())
    assert (nothing.order_qty, nothing.price, nothing.end_ns) == (None, None, None)
