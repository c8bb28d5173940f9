"""What a venue says there is of each asset, beside what it should come to, each part by its cause.

It should come to the opening balance, and what moved since: the fills of the log, those the
venue's gateway has told of and the log does not have yet, fees in third assets, deposits and
withdrawals. What is left over is unexplained. A fill may be told before it is counted in the
balance: of the reports that came while the venue was being asked, the newest may be missing.
What orders keep back is in the balance, and only limits how much of it may be held.

Venues round what they tell down to a nano, once at the opening and once now: together less than
a nano, which is never a difference.
"""

from collections.abc import Mapping

from trade2026.core.ids import AccountId
from trade2026.core.numbers import NANOS, Value
from trade2026.model.balance import BalanceLine, VenueBalance
from trade2026.model.reconciliation import Held, Statement, sums_by_asset


def compare_balances(
    statement: Statement, log: Mapping[tuple[AccountId, str], Held]
) -> tuple[BalanceLine, ...] | None:
    """Return each asset of the venue's with what explains it; None where it was not asked.

    Args:
        statement: of the venue.
        log: what the fills in the platform's log come to at the statement's report, by account
            and symbol.
    """
    if statement.balances is None:
        return None
    ours = sums_by_asset(log)
    told = {(x.account, x.symbol): Held(x.quantity, x.cash) for x in statement.lines}
    theirs = sums_by_asset(told)
    none = Value(0)
    return tuple(
        explain(one, ours.get(one.asset, none), theirs.get(one.asset, none))
        for one in statement.balances
    )


def explain(one: VenueBalance, logged: Value, told: Value) -> BalanceLine:
    """Return how what there is of an asset comes about.

    Args:
        one: what the venue says.
        logged: what the fills in the platform's log have moved of it, ever.
        told: the same of those that the venue's gateway has told of.
    """
    since = one.opening + told - one.traded_before
    rest = one.total - since + one.fees - one.transfers
    missing = _missing(rest, one.under_way)
    held_by_us = one.opening_held + one.held_most
    return BalanceLine(
        asset=one.asset,
        free=one.free,
        held=one.held,
        opening=one.opening,
        traded=Value(logged - one.traded_before),
        not_booked=Value(told - logged),
        fees=one.fees,
        transfers=one.transfers,
        under_way=Value(missing),
        unexplained=Value(rest + missing),
        held_unexplained=Value(max(0, one.held - held_by_us)),
    )


def _missing(rest: int, under_way: tuple[Value, ...]) -> int:
    """Return what the fewest of the newest moves come to that explain *rest*; 0 where none do."""
    missing = 0
    for moved in (0, *reversed(under_way)):
        missing += moved
        if abs(rest + missing) < NANOS:
            return missing
    return 0
