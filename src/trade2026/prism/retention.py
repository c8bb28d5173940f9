"""How long PRISM's log of inputs and outcomes is kept: what is older is let go of.

Where the log stood is remembered by rungs, a few over the time that is kept. A rung that is
too old, or too far back, is where the log may be cut; what a later life, or a fork from the
newest whole state, begins from is never cut away, however old it is.

A cut is decided first, stands in the next snapshot, and is made only when that snapshot is in
the log. So whoever comes back knows of every cut that may have been made, and makes it again.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import takewhile
from typing import Final

from trade2026.core.clock import NS_PER_S, TimeNs
from trade2026.model.prism import PrismRung

DAY_NS: Final = 86_400 * NS_PER_S
KEEP_NS: Final = 7 * DAY_NS
MOST_KEPT: Final = 5_000_000
"""Messages, however young: a few GB."""
RUNGS: Final = 24
"""Over the time, and over the messages, that are kept."""

NOTHING_CUT: Final = PrismRung(at_ns=TimeNs(0), log_seq=0)


class Retention:
    """Remembers where the log stood, and says up to where it is let go of.

    Args:
        keep_ns: on the clock of the wall; what is younger stays.
        most_kept: messages that stay, at most.
        rungs: as a former life left them, the oldest first.
        cut: the last one that was decided.
        latest_ns: the latest time on the wall that a former life saw.
    """

    def __init__(
        self,
        keep_ns: int = KEEP_NS,
        *,
        most_kept: int = MOST_KEPT,
        rungs: Iterable[PrismRung] = (),
        cut: PrismRung = NOTHING_CUT,
        latest_ns: int = 0,
    ) -> None:
        self._keep_ns = keep_ns
        self._most_kept = most_kept
        self._rungs = list(rungs)
        self._latest_ns = max(latest_ns, self._rungs[-1].at_ns if self._rungs else 0)
        self._may_cut = 0
        """By age, one rung goes for one that comes: the clock of the wall may be wrong."""
        self.cut = cut
        """What stands up to its place is let go of; all that came after its time is behind it."""

    @property
    def rungs(self) -> tuple[PrismRung, ...]:
        """Return what is remembered, the oldest first."""
        return tuple(self._rungs)

    @property
    def latest_ns(self) -> TimeNs:
        """Return the latest time on the wall that was seen: nothing here came later."""
        return TimeNs(self._latest_ns)

    def note(self, now_ns: int, log_seq: int, *, latest_ns: int = 0) -> None:
        """Remember that the log stands at *log_seq* now, where it is time to.

        Args:
            now_ns: on the wall.
            log_seq: where the log stands.
            latest_ns: the latest time by which anything up to there was made.
        """
        last = self._rungs[-1] if self._rungs else None
        # In the order of time also where the clock was set back: what is late is only kept.
        self._latest_ns = max(self._latest_ns, now_ns, latest_ns)
        if (
            last is None
            or now_ns - last.at_ns >= self._keep_ns // RUNGS
            or log_seq - last.log_seq >= self._most_kept // RUNGS
        ):
            self._rungs.append(PrismRung(at_ns=self.latest_ns, log_seq=log_seq))
            # What was held back for a while is caught up with, and no faster than by one more.
            self._may_cut = 2 if len(self._rungs) > RUNGS else 1

    def decide(self, now_ns: int, log_seq: int, *, needed_seq: int) -> bool:
        """Move the cut on as far as it may; return whether what is needed holds it back.

        However far the clock leaps, and however often PRISM is started anew, age moves it by one
        rung for every rung that was noted, by two while there are too many.

        Args:
            now_ns: on the wall.
            log_seq: where the log stands.
            needed_seq: the first place that is still needed, however old.
        """
        due = list(takewhile(lambda one: one.log_seq <= log_seq - self._most_kept, self._rungs))
        by_age = self._rungs[len(due) : len(due) + self._may_cut]
        due += [one for one in by_age if one.at_ns <= now_ns - self._keep_ns]
        free = [rung for rung in due if rung.log_seq < needed_seq]
        if free:
            self.cut = free[-1]
            del self._rungs[: len(free)]
            self._may_cut = max(0, self._may_cut - len(free))
        return len(free) < len(due)

    def reconcile(self, first_seq: int, now_ns: int) -> None:
        """Note that the log begins at *first_seq*: it may have lost more than is known here."""
        last_gone = first_seq - 1
        if last_gone <= self.cut.log_seq:
            return
        later = (rung.at_ns for rung in self._rungs if rung.log_seq >= last_gone)
        self.cut = PrismRung(
            at_ns=next(later, TimeNs(max(now_ns, self._latest_ns))), log_seq=last_gone
        )
        self._rungs = [rung for rung in self._rungs if rung.log_seq > last_gone]

    def place_before(self, at_ns: int) -> int:
        """Return a place in the log that what came at *at_ns* or later surely stands behind."""
        older = list(takewhile(lambda rung: rung.at_ns <= at_ns, self._rungs))
        return older[-1].log_seq if older else self.cut.log_seq


def told_time(at_ns: int) -> str:
    """Return a time on the wall as people read it."""
    return f"{datetime.fromtimestamp(at_ns // NS_PER_S, UTC):%Y-%m-%dT%H:%M:%SZ}"
