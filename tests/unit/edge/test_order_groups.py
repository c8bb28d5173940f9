"""A group over HTTP is read as legs that know their places, or refused with the field's name."""

from typing import Any

import msgspec
import pytest
from tests.factories import qty

from trade2026.core.errors import InvalidInputError
from trade2026.desk.ask import OrderAsk
from trade2026.edge.order_groups import GroupRequest, read_group
from trade2026.model.order import GroupKind

ENTRY: dict[str, Any] = {"symbol": "BTCUSDT", "side": "BUY", "quantity": 1, "price": 50000}
PROFIT: dict[str, Any] = {**ENTRY, "side": "SELL", "price": 52000}
STOP: dict[str, Any] = {
    "symbol": "BTCUSDT",
    "side": "SELL",
    "quantity": 1,
    "type": "STOP",
    "stop_price": 48000,
}


def read(kind: str, *orders: dict[str, Any], **fields: Any) -> list[OrderAsk]:
    body = {"kind": kind, "orders": orders, **fields}
    request = msgspec.json.decode(msgspec.json.encode(body), type=GroupRequest)
    return read_group(request, "tess", "made")


def test_a_bracket_is_an_entry_and_two_exits() -> None:
    asks = read("bracket", ENTRY, PROFIT, STOP, client_group_id="g")

    assert [ask.cl_ord_id for ask in asks] == ["g-0", "g-1", "g-2"]
    groups = [ask.group for ask in asks]
    assert [g.number for g in groups if g] == [0, 1, 2]
    assert {(g.kind, g.count) for g in groups if g} == {(GroupKind.BRACKET, 3)}
    assert [g.is_exit for g in groups if g] == [False, True, True]
    assert asks[2].order_qty == qty("1")


def test_a_group_without_a_name_gets_one() -> None:
    assert [ask.cl_ord_id for ask in read("OCO", ENTRY, ENTRY)] == ["made-0", "made-1"]


@pytest.mark.parametrize(
    ("kind", "orders", "field"),
    [
        ("NONE", (ENTRY, PROFIT), "kind"),
        ("BRACKET", (ENTRY, PROFIT), "orders"),
        ("OCO", (ENTRY, {**ENTRY, "symbol": "ETHUSDT"}), "symbol"),
        ("OCO", (ENTRY, {**ENTRY, "quantity": 2}), "quantity"),
        ("OCO", (ENTRY, {**ENTRY, "account": "other"}), "account"),
        ("OCO", (ENTRY, {**ENTRY, "time_in_force": "IOC"}), "time_in_force"),
        ("BRACKET", (ENTRY, {**PROFIT, "time_in_force": "FOK"}, STOP), "time_in_force"),
        ("BRACKET", (ENTRY, ENTRY, STOP), "side"),
        ("OTO", (ENTRY, {**PROFIT, "client_order_id": "k"}), "client_order_id"),
        ("OTO", (ENTRY, {**PROFIT, "reduce_only": True}), "reduce_only"),
        ("OTO", (ENTRY, {**PROFIT, "side": "HOLD"}), "side"),
    ],
)
def test_legs_that_do_not_go_together_are_refused(
    kind: str, orders: tuple[dict[str, Any], ...], field: str
) -> None:
    with pytest.raises(InvalidInputError) as error:
        read(kind, *orders)

    assert error.value.field == field


def test_a_name_leaves_room_for_the_number_of_a_leg() -> None:
    with pytest.raises(InvalidInputError, match="client_group_id"):
        read("OCO", ENTRY, ENTRY, client_group_id="g" * 61)
