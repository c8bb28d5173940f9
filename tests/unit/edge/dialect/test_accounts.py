"""An order is found by the id its sender gave it, and one that was refused hides none."""

import pytest
from tests.factories import a_report, an_order

from trade2026.core.ids import AccountId, ClOrdId, OrderId
from trade2026.edge.dialect.accounts import Accounts
from trade2026.model.execution import ExecType
from trade2026.model.order import NewOrderSingle

NEW, CANCELED, REJECTED = ExecType.NEW, ExecType.CANCELED, ExecType.REJECTED


def mine(number: int) -> NewOrderSingle:
    return an_order(
        order_id=OrderId(f"o{number}"), cl_ord_id=ClOrdId("mine"), account=AccountId("bot")
    )


def told(accounts: Accounts, number: int, *kinds: ExecType) -> None:
    for kind in kinds:
        accounts.apply(a_report(mine(number), exec_type=kind))


def found(accounts: Accounts) -> int | None:
    order = accounts.of("bot").by_client_id("mine")
    return None if order is None else order.number


def test_a_refused_order_hides_none_of_the_same_name() -> None:
    accounts = Accounts()
    accounts.add(mine(1), number=1)
    told(accounts, 1, NEW, CANCELED)
    accounts.add(mine(2), number=2)
    told(accounts, 2, REJECTED)

    assert found(accounts) == 1


@pytest.mark.parametrize(("kinds", "number"), [([REJECTED], 1), ([NEW, CANCELED], 2)])
def test_a_past_that_is_read_again_gives_the_same_name_to_the_same_order(
    kinds: list[ExecType], number: int
) -> None:
    accounts = Accounts()
    # At a start all inputs are read, and then what came of them.
    for one in (1, 2):
        accounts.add(mine(one), number=one)
    told(accounts, 1, NEW, CANCELED)
    told(accounts, 2, *kinds)

    assert found(accounts) == number


def test_an_order_that_nothing_was_told_of_has_no_name_yet() -> None:
    accounts = Accounts()
    accounts.add(mine(1), number=1)

    assert found(accounts) is None
    told(accounts, 1, NEW)
    assert found(accounts) == 1


def test_a_name_stays_with_the_newest_order_that_has_it() -> None:
    accounts = Accounts()
    for one in (1, 2):
        accounts.add(mine(one), number=one)
        told(accounts, one, NEW)
    told(accounts, 1, CANCELED)

    assert found(accounts) == 2
