"""The streams of the log: which subjects each keeps, for how long, and why.

What is about money or needed to rebuild a state is never discarded by the server; PRISM alone
purges its own log, behind what its newest snapshot says (see `prism/retention.py`). Everything
is on disk.
"""

from typing import Final

import msgspec

from trade2026.model.subjects import EVENTS, Stream

MINUTE_S: Final = 60
HOUR_S: Final = 60 * MINUTE_S
DAY_S: Final = 24 * HOUR_S
MB: Final = 1_000_000
GB: Final = 1_000 * MB


class StreamSpec(msgspec.Struct, frozen=True, kw_only=True):
    """One stream. A limit of None means that nothing is ever discarded for it."""

    stream: Stream
    subjects: tuple[str, ...]
    """With `*` for one open part and `>` for the rest, as NATS spells it."""
    max_age_s: int | None = None
    max_bytes: int | None = None
    max_msgs: int | None = None
    max_msgs_per_subject: int | None = None
    duplicate_window_s: int
    """How long an event id is remembered: an append repeated within it is stored once."""
    why: str


def _subjects_of(stream: Stream) -> tuple[str, ...]:
    return tuple(event.wildcard for event in EVENTS if event.stream is stream)


def _unlimited(stream: Stream, why: str) -> StreamSpec:
    return StreamSpec(
        stream=stream,
        subjects=_subjects_of(stream),
        # Long enough for a process to die, come back and append again; the server holds
        # every id of the window in memory.
        duplicate_window_s=15 * MINUTE_S,
        why=why,
    )


STREAMS: Final[tuple[StreamSpec, ...]] = (
    StreamSpec(
        stream=Stream.RAW,
        subjects=_subjects_of(Stream.RAW),
        max_age_s=HOUR_S,
        max_bytes=512 * MB,
        duplicate_window_s=2 * MINUTE_S,
        why="The normaliser's input; an hour is enough to look at what went wrong.",
    ),
    StreamSpec(
        stream=Stream.MARKET,
        subjects=_subjects_of(Stream.MARKET),
        max_age_s=DAY_S,
        max_bytes=2 * GB,
        duplicate_window_s=2 * MINUTE_S,
        why="A day to fold again; what is to be kept longer goes to the stores.",
    ),
    _unlimited(Stream.ORDERS, "The log of orders, the platform's truth."),
    _unlimited(Stream.ALGOS, "Which children a parent order has, whatever crashes."),
    _unlimited(Stream.REPORTS, "What venues said; the OMS may have to read it again."),
    _unlimited(Stream.POSITIONS, "The ledger's steps, which P&L folds."),
    StreamSpec(
        stream=Stream.PNL,
        subjects=_subjects_of(Stream.PNL),
        max_msgs_per_subject=100_000,
        duplicate_window_s=2 * MINUTE_S,
        why="The equity curve: a day of an account by the second, eleven years by the hour.",
    ),
    _unlimited(Stream.RISK, "Halts and alarms must hold after a restart."),
    StreamSpec(
        stream=Stream.LOSS,
        subjects=_subjects_of(Stream.LOSS),
        max_msgs_per_subject=2,
        duplicate_window_s=2 * MINUTE_S,
        why="What losses are measured from: the newest of each account and strategy counts.",
    ),
    _unlimited(Stream.LIVE, "What was sent to a real exchange, and in which mode."),
    _unlimited(Stream.PRISM_INPUT, "What outsiders asked PRISM; it lets go of it itself."),
    StreamSpec(
        stream=Stream.PRISM_SNAPSHOT,
        subjects=_subjects_of(Stream.PRISM_SNAPSHOT),
        max_msgs_per_subject=2,
        duplicate_window_s=2 * MINUTE_S,
        why="Only the newest is read; the one before is there should it be damaged.",
    ),
    StreamSpec(
        stream=Stream.PRISM_TAPE,
        subjects=_subjects_of(Stream.PRISM_TAPE),
        # PRISM's next life, however late, looks here for which fills were told.
        max_age_s=365 * DAY_S,
        max_bytes=GB,
        duplicate_window_s=15 * MINUTE_S,
        why="What is kept of PRISM's market on its way to the stores; the newest to fold again.",
    ),
    StreamSpec(
        stream=Stream.RECONCILIATION,
        subjects=_subjects_of(Stream.RECONCILIATION),
        max_msgs_per_subject=100_000,
        duplicate_window_s=2 * MINUTE_S,
        why="Two months of one comparison a minute; what was found or healed is in the audit.",
    ),
    _unlimited(Stream.COMPLIANCE, "Breaches, and the rules they were found by."),
    _unlimited(Stream.DEEDS, "Deeds that no other log tells of."),
    _unlimited(Stream.AUDIT, "The audit's chain: whoever cuts it breaks it."),
    StreamSpec(
        stream=Stream.DEAD_LETTER,
        subjects=("dead.>",),
        max_age_s=30 * DAY_S,
        max_bytes=256 * MB,
        duplicate_window_s=HOUR_S,
        why="Market data nobody could handle, with the reason, until somebody has looked.",
    ),
    StreamSpec(
        stream=Stream.CURSOR,
        subjects=("cursor.*",),
        max_msgs_per_subject=1,
        duplicate_window_s=2 * MINUTE_S,
        why="Where each durable consumer stands: its newest word alone counts.",
    ),
)
