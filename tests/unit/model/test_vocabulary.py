"""The words of the model: FIX names for all of them, instruments, sides, scopes, subjects."""

from enum import StrEnum

import pytest
from tests.factories import a_quote, px

from trade2026.core.numbers import Px, is_multiple
from trade2026.model import fix
from trade2026.model.execution import ExecType
from trade2026.model.instrument import PRISM_INSTRUMENTS, Instrument
from trade2026.model.order import DONE, OPEN, OrdStatus, OrdType, Side, TimeInForce
from trade2026.model.risk import account_scope
from trade2026.model.subject import TOKEN_SPECIALS
from trade2026.model.subjects import (
    EVENTS,
    EXEC_REPORT,
    ORDERS_EVENT,
    RISK_CHECK,
    RISK_CONTROL,
    SUBJECTS,
    scope_key,
)


@pytest.mark.parametrize(
    ("words", "letters"),
    [
        (OrdStatus, fix.ORD_STATUS),
        (ExecType, fix.EXEC_TYPE),
        (Side, fix.SIDE),
        (OrdType, fix.ORD_TYPE),
        (TimeInForce, fix.TIME_IN_FORCE),
    ],
)
def test_every_word_has_its_fix_letter(words: type[StrEnum], letters: dict[str, str]) -> None:
    assert list(letters) == list(words)
    assert all(len(letter) == 1 for letter in letters.values())


def test_the_fix_letters_are_those_of_the_standard() -> None:
    assert fix.ORD_STATUS[OrdStatus.FILLED] == "2"
    assert fix.ORD_STATUS[OrdStatus.PENDING_CANCEL] == "6"
    assert fix.EXEC_TYPE[ExecType.TRADE] == "F"
    assert fix.TIME_IN_FORCE[TimeInForce.FOK] == "4"


def test_every_status_is_either_open_or_done() -> None:
    assert frozenset(OrdStatus) == OPEN | DONE
    assert not OPEN & DONE


def test_sides_mirror_one_another() -> None:
    assert (Side.BUY.sign, Side.SELL.sign) == (1, -1)
    assert (Side.BUY.opposite, Side.SELL.opposite) == (Side.SELL, Side.BUY)


@pytest.mark.parametrize("instrument", PRISM_INSTRUMENTS, ids=lambda i: i.symbol)
def test_an_instruments_bounds_lie_on_its_own_grid(instrument: Instrument) -> None:
    assert instrument.tick_size > 0
    assert 0 < instrument.min_qty <= instrument.max_qty
    for qty in (instrument.min_qty, instrument.max_qty):
        assert is_multiple(qty, instrument.lot_size)


def test_no_instrument_is_listed_twice() -> None:
    assert len({(i.venue, i.symbol) for i in PRISM_INSTRUMENTS}) == len(PRISM_INSTRUMENTS)


def test_a_mid_needs_both_sides() -> None:
    assert a_quote("1", "2").mid_px == px("1.5")
    assert a_quote("0", "2").mid_px is None
    assert a_quote("1", "0").mid_px is None
    assert a_quote("0.000000001", "0.000000002").mid_px == Px(1)


def test_a_scope_becomes_one_token_of_a_subject() -> None:
    scope = account_scope("default")

    assert scope == "account:default"
    assert RISK_CONTROL.name(scope=scope_key(scope)) == "risk.control.account-default"


def test_a_subject_is_filled_in_and_opened() -> None:
    assert EXEC_REPORT.name(venue="PRISM", account="default") == "exec.report.PRISM.default"
    assert EXEC_REPORT.wildcard == "exec.report.*.*"
    assert RISK_CHECK.name() == RISK_CHECK.wildcard == "risk.check.order"


@pytest.mark.parametrize("key", ["", "a.b", "a b", "a\n", *sorted(TOKEN_SPECIALS)])
def test_a_key_that_would_change_the_subject_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="cannot be the key account"):
        ORDERS_EVENT.name(account=key)


def test_every_subject_is_spelled_once() -> None:
    patterns = [subject.pattern for subject in SUBJECTS]

    assert len({subject.wildcard for subject in SUBJECTS}) == len(patterns)
    assert all(event in SUBJECTS for event in EVENTS)
