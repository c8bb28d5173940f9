"""Bars of 1 s to 1 d with true volume: each trade counted once, late ones too.

Trades are gathered by second; a second that closes is folded into the longer intervals.
A bar is published when its end has passed by the venue's time: by a trade behind it, or,
when trades stop, by the clock. A trade that comes late, but within `LATE_WINDOW_NS`,
changes its bars, and those already published are published again as corrections. Anything
later is counted and left out. So the last bar published for an interval is the same
whatever the order in which its trades arrived. Seconds without trades have no bar.

One damaged time must not close a day: a trade an hour or more away from the others is held
until the next one agrees with it, and is dropped otherwise.

Open and close are by the venue's time, then by trade id.
"""

from typing import Final, NamedTuple, TypeAlias

import msgspec

from trade2026.core.clock import NS_PER_MS, NS_PER_S, TimeNs
from trade2026.core.numbers import INT64_MAX, Px, Qty, Value
from trade2026.model.market import Bar

SECOND_NS: Final = NS_PER_S
MINUTE_NS: Final = 60 * SECOND_NS
HOUR_NS: Final = 60 * MINUTE_NS

INTERVALS_NS: Final = (
    SECOND_NS,
    MINUTE_NS,
    5 * MINUTE_NS,
    15 * MINUTE_NS,
    HOUR_NS,
    4 * HOUR_NS,
    24 * HOUR_NS,
)
"""Shortest first; each is a multiple of the first, and all begin at midnight UTC."""

LATE_WINDOW_NS: Final = MINUTE_NS
"""How far behind the venue's time a trade may lie and still count."""

GRACE_NS: Final = 500 * NS_PER_MS
"""What the clock waits beyond a bar's end: a trade may be on its way."""

LEAP_NS: Final = HOUR_NS
"""How far from the venue's time a trade is believed only with a second one."""

SEEN_LIMIT: Final = 10_000
"""Trade ids remembered are between this many and twice as many."""


Place: TypeAlias = tuple[int, int]
"""Where a trade stands among others: its venue time, then its id."""


class Bucket(msgspec.Struct):
    """What one interval's trades add up to so far."""

    start_ns: TimeNs
    interval_ns: int
    first: Place
    last: Place
    open_px: Px
    high_px: Px
    low_px: Px
    close_px: Px
    volume_qty: Qty = Qty(0)
    value: Value = Value(0)
    trade_count: int = 0
    is_published: bool = False

    def add(self, place: Place, px: Px, qty: Qty) -> None:
        """Count one trade.

        Beyond the range of the wire nothing is added: only a damaged feed gets there.
        """
        volume = self.volume_qty + qty
        if volume > INT64_MAX:
            return
        if place >= self.last:
            self.last = place
            self.close_px = px
        elif place < self.first:
            self.first = place
            self.open_px = px
        if px > self.high_px:
            self.high_px = px
        elif px < self.low_px:
            self.low_px = px
        self.volume_qty = Qty(volume)
        self.value = Value(self.value + px * qty)
        self.trade_count += 1

    def merge(self, part: "Bucket") -> None:
        """Count the trades of *part*, a second behind all that were counted here before."""
        assert part.last >= self.last
        volume = self.volume_qty + part.volume_qty
        if volume > INT64_MAX:
            return
        self.last = part.last
        self.close_px = part.close_px
        self.high_px = max(self.high_px, part.high_px)
        self.low_px = min(self.low_px, part.low_px)
        self.volume_qty = Qty(volume)
        self.value = Value(self.value + part.value)
        self.trade_count += part.trade_count

    def bar(self) -> Bar:
        """Return the bar as it stands; published before, it is a correction."""
        return Bar(
            start_ns=self.start_ns,
            interval_ns=self.interval_ns,
            open_px=self.open_px,
            high_px=self.high_px,
            low_px=self.low_px,
            close_px=self.close_px,
            volume_qty=self.volume_qty,
            value=self.value,
            trade_count=self.trade_count,
            is_correction=self.is_published,
        )


class SeenIds(msgspec.Struct):
    """The newest ids, in two generations, so that forgetting the oldest costs nothing."""

    newer: set[int] = set()
    older: set[int] = set()

    def is_new(self, number: int) -> bool:
        """Return whether *number* was not seen before, and remember it."""
        if number in self.newer or number in self.older:
            return False
        self.newer.add(number)
        if len(self.newer) >= SEEN_LIMIT:
            self.older = self.newer
            self.newer = set()
        return True


class Tick(NamedTuple):
    """A trade, as bars need it."""

    place: Place
    px: Px
    qty: Qty
    ts_recv_ns: int


class BarBuilder(msgspec.Struct):
    """The bars of one instrument that are open, and those closed that may still change."""

    closed_ns: int = 0
    """Bars that end here or before are closed, by a trade or by the clock."""
    newest_ns: int = 0
    """The newest second that had a trade; the clock, which may be wrong, does not move it."""
    buckets: dict[int, dict[int, Bucket]] = msgspec.field(
        default_factory=lambda: {interval_ns: {} for interval_ns in INTERVALS_NS}
    )
    """By interval, then by start."""
    ready: list[Bar] = []
    corrected: set[tuple[int, int]] = set()
    """Published bars changed since the last `take`, as (interval, start)."""
    held: Tick | None = None
    """A trade of an incredible time, until the next one shows whether it is right."""
    anchor: tuple[int, int] = (0, 0)
    """A trade's venue time and its arrival: from these the venue's time now is told."""
    late_count: int = 0
    """Trades of a closed second, but within the window."""
    too_late_count: int = 0
    dropped_count: int = 0
    """Trades whose time no other trade confirmed."""

    def add(self, tick: Tick) -> None:
        """Count a trade, which was not seen before."""
        place = tick.place
        ts_ns = place[0]
        start_ns = ts_ns - ts_ns % SECOND_NS
        if start_ns == self.closed_ns:
            bucket = self.buckets[SECOND_NS].get(start_ns)
            if bucket is not None:
                bucket.add(place, tick.px, tick.qty)
                return
        ahead_ns = start_ns - max(self.newest_ns, self.closed_ns)
        if self.newest_ns and (ahead_ns >= LEAP_NS or self.newest_ns - start_ns >= LEAP_NS):
            self._leap(tick)
            return
        if self.held is not None:
            self.held = None
            self.dropped_count += 1
        self._add_near(tick)

    def advance(self, now_ns: int) -> None:
        """Close what ended `GRACE_NS` ago by the venue's time, at our time *now_ns*.

        The venue's time is that of the last new second's trade plus what has passed here
        since: its clock and ours differ, and a recording's is years behind.
        """
        event_ns, recv_ns = self.anchor
        reached_ns = event_ns + now_ns - recv_ns - GRACE_NS
        reached_ns -= reached_ns % SECOND_NS
        if event_ns and reached_ns > self.closed_ns:
            self._close(reached_ns)

    def take(self) -> tuple[Bar, ...]:
        """Return the bars to publish since the last call: closed ones, then corrections."""
        if not (self.ready or self.corrected):
            return ()
        bars = self.ready
        self.ready = []
        for interval_ns, start_ns in sorted(self.corrected):
            bars.append(self.buckets[interval_ns][start_ns].bar())
        self.corrected.clear()
        return tuple(bars)

    def _add_near(self, tick: Tick) -> None:
        place = tick.place
        ts_ns = place[0]
        start_ns = ts_ns - ts_ns % SECOND_NS
        if ts_ns < self.newest_ns - LATE_WINDOW_NS:
            self.too_late_count += 1
            return
        if start_ns > self.newest_ns:
            self.newest_ns = start_ns
            self.anchor = (ts_ns, tick.ts_recv_ns)
        if start_ns > self.closed_ns:
            self._close(start_ns)
        if start_ns == self.closed_ns:
            self._bucket(SECOND_NS, place, tick.px).add(place, tick.px, tick.qty)
            return
        self.late_count += 1
        self._add_late(place, tick.px, tick.qty)
        self._forget()

    def _leap(self, tick: Tick) -> None:
        """Hold *tick*; if the one held before agrees with it, time itself has leapt."""
        held, self.held = self.held, tick
        if held is None:
            return
        if abs(held.place[0] - tick.place[0]) >= LEAP_NS:
            self.dropped_count += 1
            return
        self.held = None
        if tick.place[0] < self.newest_ns:
            # The venue's time was wrong until now, and so were the bars that are open.
            self.closed_ns = 0
            self.newest_ns = 0
            self.buckets = {interval_ns: {} for interval_ns in INTERVALS_NS}
            self.corrected.clear()
        for trade in sorted((held, tick)):
            self._add_near(trade)

    def _close(self, reached_ns: int) -> None:
        """Close every bar that ends by *reached_ns*, a whole second."""
        seconds = self.buckets[SECOND_NS]
        for start_ns, second in seconds.items():
            if self.closed_ns <= start_ns < reached_ns:
                for interval_ns in INTERVALS_NS[1:]:
                    self._bucket(interval_ns, second.first, second.open_px).merge(second)
        for interval_ns in INTERVALS_NS:
            self._publish(interval_ns, reached_ns)
        self.closed_ns = reached_ns
        self._forget()

    def _publish(self, interval_ns: int, reached_ns: int) -> None:
        for start_ns, bucket in self.buckets[interval_ns].items():
            if not bucket.is_published and start_ns + interval_ns <= reached_ns:
                self.ready.append(bucket.bar())
                bucket.is_published = True

    def _forget(self) -> None:
        edge_ns = self.newest_ns - LATE_WINDOW_NS
        for interval_ns, buckets in self.buckets.items():
            gone = [start for start in buckets if start + interval_ns <= edge_ns]
            for start_ns in gone:
                bucket = buckets.pop(start_ns)
                if (interval_ns, start_ns) in self.corrected:
                    # Nobody has taken the correction yet, and soon nobody can.
                    self.corrected.remove((interval_ns, start_ns))
                    self.ready.append(bucket.bar())

    def _add_late(self, place: Place, px: Px, qty: Qty) -> None:
        for interval_ns in INTERVALS_NS:
            bucket = self._bucket(interval_ns, place, px)
            bucket.add(place, px, qty)
            end_ns = bucket.start_ns + interval_ns
            if bucket.is_published:
                self.corrected.add((interval_ns, bucket.start_ns))
            elif end_ns <= self.closed_ns:
                # Nothing traded in it before: this is its first publication.
                self.ready.append(bucket.bar())
                bucket.is_published = True

    def _bucket(self, interval_ns: int, place: Place, px: Px) -> Bucket:
        start_ns = place[0] - place[0] % interval_ns
        bucket = self.buckets[interval_ns].get(start_ns)
        if bucket is None:
            bucket = _begin(start_ns, interval_ns, place, px)
            self.buckets[interval_ns][start_ns] = bucket
        return bucket


def _begin(start_ns: int, interval_ns: int, place: Place, px: Px) -> Bucket:
    return Bucket(
        start_ns=TimeNs(start_ns),
        interval_ns=interval_ns,
        first=place,
        last=place,
        open_px=px,
        high_px=px,
        low_px=px,
        close_px=px,
    )
