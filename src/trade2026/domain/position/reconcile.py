"""Reconciliation: what the platform, the log and a venue each say is held, side by side.

A venue's statement stands at one of its reports. Our side is brought to the same place: fills of
later reports are taken off again. So nothing that is merely under way is ever a difference, as
soon as the log has what the statement has. What is left is explained by a cause that can be
shown, or is not explained at all.
"""

from collections import deque
from collections.abc import Iterable
from typing import Final, TypeAlias

import msgspec

from trade2026.core.ids import AccountId, ExecId
from trade2026.core.newest import Newest
from trade2026.core.numbers import Value
from trade2026.model.execution import ExecType, ExecutionReport
from trade2026.model.journal import (
    JournalEvent,
    OrderReported,
    UnknownReported,
    moves_of,
    undone_of,
)
from trade2026.model.position import Position
from trade2026.model.reconciliation import Cause, Difference, Held, Statement, booked_by, moved_by

RECENT_KEPT: Final = 20_000
"""Fills that can be taken off again: more than come while a venue is being asked."""
FILLS_KEPT: Final = 50_000
"""Reports remembered, so that none counts twice; the log's writer looks further back."""

_Place = tuple[AccountId, str]
Recent: TypeAlias = tuple[str, int, _Place, Held]
"""A newest fill: its venue, the place of its report there, where it counts, and what it moved."""


NOTHING: Final = Held()


class PlaceState(msgspec.Struct, frozen=True, array_like=True):
    """What fills, or what was taken back of them, come to in one place."""

    venue: str
    account: AccountId
    symbol: str
    held: Held


class VenueFillsState(msgspec.Struct, frozen=True, kw_only=True):
    """All that the fills of the venues can be made of again."""

    held: tuple[PlaceState, ...]
    taken_back: tuple[PlaceState, ...]
    fills: dict[tuple[str, ExecId], Held | None]
    """What each report that was counted moved; None where it is no fill that stands."""
    recent: tuple[Recent, ...]
    seqs: dict[AccountId, int]


class VenueFills:
    """What the fills in the log come to, by venue; mutable."""

    def __init__(self) -> None:
        self._held: dict[str, dict[_Place, Held]] = {}
        self._taken_back: dict[tuple[str, _Place], Held] = {}
        self._fills = Newest[tuple[str, ExecId], Held | None](FILLS_KEPT)
        """Of the newest reports once; None where it is no fill that stands."""
        self._recent: deque[Recent] = deque(maxlen=RECENT_KEPT)
        self._seqs: dict[AccountId, int] = {}

    def freeze(self) -> VenueFillsState:
        """Return all that this can be made of again."""
        return VenueFillsState(
            held=tuple(
                PlaceState(venue, *place, held)
                for venue, those in self._held.items()
                for place, held in those.items()
            ),
            taken_back=tuple(
                PlaceState(venue, *place, held) for (venue, place), held in self._taken_back.items()
            ),
            fills=dict(self._fills),
            recent=tuple(self._recent),
            seqs=dict(self._seqs),
        )

    def thaw(self, state: VenueFillsState) -> None:
        """Begin from *state*, which another one was frozen to."""
        self._held = {}
        for one in state.held:
            self._held.setdefault(one.venue, {})[one.account, one.symbol] = one.held
        self._taken_back = {
            (one.venue, (one.account, one.symbol)): one.held for one in state.taken_back
        }
        self._fills = Newest(FILLS_KEPT, state.fills.items())
        self._recent = deque(state.recent, RECENT_KEPT)
        self._seqs = dict(state.seqs)

    def apply(self, event: JournalEvent, seq: int) -> None:
        """Take the next event of its account in the log; one taken before changes nothing."""
        if seq <= self._seqs.get(event.account, 0):
            return
        self._seqs[event.account] = seq
        if isinstance(event, OrderReported | UnknownReported):
            self._report(event)

    def has(self, venue: str) -> bool:
        """Return whether anything ever traded at *venue*."""
        return venue in self._held

    def at(self, venue: str, report_seq: int) -> dict[_Place, Held]:
        """Return what is held by account and symbol, without reports after *report_seq*."""
        held = dict(self._held.get(venue, {}))
        for of, seq, place, moved in self._recent:
            if of == venue and seq > report_seq:
                held[place] = held[place].plus(moved, -1)
        return held

    def later(self, venue: str, report_seq: int) -> dict[_Place, Held]:
        """Return what reports after *report_seq* moved."""
        found: dict[_Place, Held] = {}
        for of, seq, place, moved in self._recent:
            if of == venue and seq > report_seq:
                found[place] = found.get(place, NOTHING).plus(moved)
        return found

    def taken_back(self, venue: str, place: _Place) -> Held:
        """Return what busts and corrections made of the fills there, all together."""
        return self._taken_back.get((venue, place), NOTHING)

    def _report(self, event: OrderReported | UnknownReported) -> None:
        report = event.report
        key = (report.venue, report.exec_id)
        if key in self._fills:
            return
        place = (event.account, report.symbol)
        match report.exec_type:
            case ExecType.TRADE:
                by_it = moved_by(report)
                self._remember(key, by_it)
                self._move(report, place, by_it)
            case ExecType.TRADE_CANCEL | ExecType.TRADE_CORRECT:
                self._put_right(event, place)
                self._remember(key, None)
            case _:
                pass

    def _put_right(self, event: OrderReported | UnknownReported, place: _Place) -> None:
        report = event.report
        key = (report.venue, undone_of(event))
        before = self._fills.get(key)
        if key not in self._fills and event.was is not None:
            # The log's writer knows the fill, and we do not any more.
            undone = moves_of(event)[0]
            back = booked_by(report.symbol, undone.qty, undone.px, undone.fee, undone.fee_asset)
            before = NOTHING.plus(back, -1)
        if before is None:
            return
        is_bust = report.exec_type is ExecType.TRADE_CANCEL
        after = NOTHING if is_bust else moved_by(report)
        self._remember(key, None if is_bust else after)
        change = after.plus(before, -1)
        self._move(report, place, change)
        so_far = self.taken_back(report.venue, place)
        self._taken_back[report.venue, place] = so_far.plus(change)

    def _remember(self, key: tuple[str, ExecId], moved: Held | None) -> None:
        self._fills.keep(key, moved)

    def _move(self, report: ExecutionReport, place: _Place, moved: Held) -> None:
        held = self._held.setdefault(report.venue, {})
        held[place] = held.get(place, NOTHING).plus(moved)
        self._recent.append((report.venue, report.report_seq, place, moved))


def compare(
    positions: Iterable[Position], fills: VenueFills, statement: Statement
) -> tuple[Difference, ...]:
    """Return where platform, log and venue do not say the same, sorted.

    Args:
        positions: of the ledger; those of other venues are left out.
        fills: of the log.
        statement: of the venue.
    """
    venue, at = statement.venue, statement.report_seq
    log = fills.at(venue, at)
    platform = {place: NOTHING.plus(held, -1) for place, held in fills.later(venue, at).items()}
    for position in positions:
        if position.key.venue == venue:
            place = (position.key.account, position.key.symbol)
            cash = Value(position.realized - position.cost - position.fees)
            platform[place] = platform.get(place, NOTHING).plus(Held(position.quantity, cash))
    told = {(x.account, x.symbol): Held(x.quantity, x.cash) for x in statement.lines}
    found: list[Difference] = []
    for place in sorted({*log, *platform, *told}):
        ours, logged = platform.get(place, NOTHING), log.get(place, NOTHING)
        theirs = told.get(place, NOTHING)
        if not ours == logged == theirs:
            cause = Cause.UNEXPLAINED
            if logged == theirs and ours.cash == logged.cash:
                cause = Cause.ACTION
            elif ours == logged and logged.plus(theirs, -1) == fills.taken_back(venue, place):
                cause = Cause.BUST
            found.append(
                Difference(
                    account=place[0],
                    symbol=place[1],
                    platform=ours,
                    log=logged,
                    venue=theirs,
                    cause=cause,
                )
            )
    return tuple(found)
