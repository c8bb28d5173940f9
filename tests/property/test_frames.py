"""Whatever bytes come, the normaliser never raises: each frame is used or becomes a fault."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests import feeds
from tests.feeds import a_feed, batch

from trade2026.domain.market.normalizer import Normalized, step
from trade2026.domain.market.numeral import Numerals
from trade2026.model import codec
from trade2026.model.instrument import BINANCE, BINANCE_USDM

WORDS = st.sampled_from(["0", "1", "99.5", "100", "100.5", "-1", "1e3", "", "x", "9" * 30])
WILD: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=5,
)
TIMES = st.sampled_from([0, 1, 1_723_161_300_000, 1_723_161_301_000, 9 * 10**12])
IDS = st.integers(0, 12)
PAIRS = st.lists(st.tuples(WORDS, WORDS), max_size=3)
CHANGES = st.dictionaries(
    st.sampled_from(["e", "s", "t", "p", "q", "T", "U", "u", "pu", "b", "B", "a", "A", "N", "X"]),
    WILD,
    max_size=2,
)


@st.composite
def frames(draw: st.DrawFn) -> bytes:
    """Return a frame that may be right, wrong in a field, or damaged in its bytes."""
    changes = draw(CHANGES) if draw(st.booleans()) else {}
    kind = draw(st.sampled_from(["trade", "quote", "depth", "snapshot"]))
    match kind:
        case "trade":
            frame = feeds.trade(draw(IDS), draw(WORDS), draw(WORDS), draw(TIMES), **changes)
        case "quote":
            numbers = [draw(WORDS) for _ in range(4)]
            frame = feeds.quote(draw(IDS), *numbers, **changes)
        case "depth":
            first = draw(IDS)
            seqs = {"pu": first - 1} if draw(st.booleans()) else {}
            frame = feeds.depth(
                first, first + draw(st.integers(0, 2)), draw(PAIRS), draw(PAIRS), **(seqs | changes)
            )
        case _:
            frame = feeds.snapshot(draw(IDS), draw(PAIRS), draw(PAIRS), **changes)
    if draw(st.integers(0, 3)):
        return frame
    at = draw(st.integers(0, len(frame)))
    return frame[:at] + draw(st.binary(max_size=3)) + frame[at + draw(st.integers(0, 3)) :]


@given(
    payloads=st.lists(frames() | st.binary(max_size=40), min_size=1, max_size=30),
    venue=st.sampled_from([BINANCE, BINANCE_USDM]),
)
def test_every_frame_is_used_or_becomes_a_fault(payloads: list[bytes], venue: str) -> None:
    state = a_feed(venue)
    numerals = Numerals()

    outs: list[Normalized] = [
        step(state, batch(payload, first=index, venue=venue), numerals)
        for index, payload in enumerate(payloads)
    ]

    faults = [fault for out in outs for fault in out.faults]
    assert state.counts.malformed == len(faults)
    assert state.counts.frames == len(payloads)
    # All of it can be sent, and the state can be kept.
    for out in outs:
        codec.encode([*out.trades, *out.quotes, *out.books(venue, feeds.SYMBOL), *out.bars])
    codec.encode(state)
