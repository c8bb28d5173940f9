"""Every event has a stream, every stream a row, and what is about money is kept."""

import pytest

from trade2026.catalogue.streams import STREAMS, StreamSpec
from trade2026.model.subjects import EVENTS, Poison, Stream


def test_every_stream_has_one_row() -> None:
    assert sorted(spec.stream for spec in STREAMS) == sorted(Stream)


def _keeps(spec: StreamSpec, wildcard: str) -> bool:
    return wildcard in spec.subjects or any(
        wildcard.startswith(subject.removesuffix(">"))
        for subject in spec.subjects
        if subject.endswith(">")
    )


def test_every_event_is_kept_by_its_own_stream_and_no_other() -> None:
    keepers = {
        event.pattern: [spec.stream for spec in STREAMS if _keeps(spec, event.wildcard)]
        for event in EVENTS
    }

    assert keepers == {event.pattern: [event.stream] for event in EVENTS}


@pytest.mark.parametrize(
    "stream",
    [
        Stream.ORDERS,
        Stream.REPORTS,
        Stream.POSITIONS,
        Stream.RISK,
        Stream.PRISM_INPUT,
        Stream.AUDIT,
    ],
)
def test_what_states_are_rebuilt_from_is_never_discarded(stream: Stream) -> None:
    spec = next(spec for spec in STREAMS if spec.stream is stream)

    assert (spec.max_age_s, spec.max_bytes, spec.max_msgs, spec.max_msgs_per_subject) == (
        None,
        None,
        None,
        None,
    )
    assert spec.duplicate_window_s >= 600


@pytest.mark.parametrize("spec", STREAMS, ids=lambda spec: spec.stream)
def test_market_data_is_bounded(spec: StreamSpec) -> None:
    poisons = {event.poison for event in EVENTS if event.stream is spec.stream}

    if poisons == {Poison.DEAD_LETTER}:
        assert spec.max_age_s is not None
        assert spec.max_bytes is not None
