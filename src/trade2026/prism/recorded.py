"""What PRISM's log still has of its lives: where each begins and ends, and what it was asked.

The log is let go of from its beginning on (see `retention.py`). A life whose beginning is gone
can be gone on with from a whole state, where one is kept behind which the log is whole.
"""

from collections.abc import Awaitable, Collection
from dataclasses import dataclass

import msgspec

from trade2026.core.errors import InvalidInputError, RefusedError
from trade2026.core.ids import OrderId
from trade2026.model.prism import PrismInput, PrismLife, PrismMark, PrismSnapshot
from trade2026.model.subjects import (
    PRISM_CONTROL,
    PRISM_INPUT,
    PRISM_LIFE,
    PRISM_SNAPSHOT,
    Stream,
)
from trade2026.ports.bus import Bus, Delivery, Subscription
from trade2026.prism.archive import Archive, WholeState
from trade2026.prism.packing import unpack
from trade2026.prism.retention import told_time

Placed = tuple[int, PrismInput]
"""An input and its place in the log."""


@dataclass(frozen=True, kw_only=True)
class RecordedLife:
    """One life as it is recorded."""

    life: PrismLife | WholeState
    """How it began, or the oldest state of it that is kept where its beginning is not."""
    inputs: list[Placed]
    """In the order of the log."""
    mark: PrismMark | None
    """The last that was recorded of where it stood."""


class Extent(msgspec.Struct, frozen=True, kw_only=True):
    """Where in the log a life stands."""

    number: int
    life: PrismLife | None
    """How it began; None where that is not kept any more."""
    from_seq: int
    """The place of its beginning, or of the first message that is kept."""
    until_seq: int | None
    """Of the first message that is not its own; None for the present life."""
    mark: PrismMark | None
    """The last that was recorded of where it stood."""


async def read_lives(bus: Bus) -> list[tuple[int, PrismLife]]:
    """Return the beginning of every life in the log with its place."""
    lives: list[tuple[int, PrismLife]] = []

    async def on_life(life: PrismLife, delivery: Delivery) -> None:
        lives.append((delivery.stream_seq, unpack(life)))

    await _read(bus.fold(PRISM_LIFE, on_life))
    return lives


def is_entry(message: PrismInput, orders: Collection[OrderId]) -> bool:
    """Return whether by *message* one of *orders* entered."""
    return message.order is not None and message.order.order_id in orders


async def find_entries(
    bus: Bus, orders: Collection[OrderId], from_seq: int, until_seq: int | None
) -> list[Placed]:
    """Return the inputs by which *orders* entered, read from the log between two places."""
    found: list[Placed] = []

    async def on_input(message: PrismInput, delivery: Delivery) -> None:
        is_within = until_seq is None or delivery.stream_seq < until_seq
        if is_within and is_entry(message, orders):
            found.append((delivery.stream_seq, message))

    await _read(bus.fold(PRISM_INPUT, on_input, from_seq=from_seq, until_seq=until_seq))
    return found


async def read_inputs(
    bus: Bus, from_seq: int, until_seq: int | None, until_ns: int | None = None
) -> list[Placed]:
    """Return the inputs from *from_seq* to before *until_seq* (None: all), in order.

    Args:
        bus: with the log.
        from_seq: place of the first.
        until_seq: place of the first that is not wanted.
        until_ns: simulation time up to which inputs are wanted; None: all.
    """
    found: list[Placed] = []

    async def on_input(message: PrismInput, delivery: Delivery) -> None:
        is_within = until_seq is None or delivery.stream_seq < until_seq
        if is_within and (until_ns is None or message.enters_ns <= until_ns):
            found.append((delivery.stream_seq, message))

    await _read(bus.fold(PRISM_INPUT, on_input, from_seq=from_seq, until_seq=until_seq))
    await _read(bus.fold(PRISM_CONTROL, on_input, from_seq=from_seq, until_seq=until_seq))
    return sorted(found, key=lambda placed: placed[0])


async def extent_of(bus: Bus, number: int | None) -> Extent:
    """Return where the log has one life, the present one where *number* is None.

    Raises:
        InvalidInputError: there was no such life.
        RefusedError: it is not kept any more.
    """
    lives, snapshot = await read_lives(bus), await _last_snapshot(bus)
    present = lives[-1][1].life if lives else None if snapshot is None else snapshot.restarts
    wanted = present if number is None else number
    if present is None or wanted is None or not 0 <= wanted <= present:
        raise InvalidInputError("life", f"there was no life {number}")
    # A beginning that was cut off is made again: the last of a number counts.
    at = max((at for at, (_, one) in enumerate(lives) if one.life == wanted), default=-1)
    place, life = lives[at] if at >= 0 else (1, None)
    until_seq, following = lives[at + 1] if at + 1 < len(lives) else (None, None)
    is_next = following is None or following.life == wanted + 1
    if life is None and not (is_next if following is not None else wanted == present):
        raise RefusedError(f"life {wanted} is not kept any more: {_kept(snapshot)}")
    mark = snapshot.mark if snapshot is not None and snapshot.restarts == wanted else None
    return Extent(
        number=wanted,
        life=life,
        from_seq=place,
        until_seq=until_seq,
        mark=mark if following is None else following.before,
    )


async def read_life(bus: Bus, number: int | None, archive: Archive | None = None) -> RecordedLife:
    """Return what is kept of one life, the present one where *number* is None.

    Raises:
        InvalidInputError: there was no such life.
        RefusedError: it is not kept any more.
    """
    extent = await extent_of(bus, number)
    life, from_seq = extent.life, extent.from_seq
    beginning: PrismLife | WholeState | None = life
    if life is None:
        first_seq = (await bus.stream_state(Stream.PRISM_INPUT)).first_seq
        state = None if archive is None else archive.oldest(extent.number, first_seq - 1)
        beginning, from_seq = state, first_seq if state is None else state.mark.log_seq + 1
    if beginning is None:
        kept = _kept(await _last_snapshot(bus))
        raise RefusedError(
            f"the beginning of life {extent.number} is not kept any more, nor a state of it: {kept}"
        )
    inputs = await read_inputs(bus, from_seq, extent.until_seq)
    await require_kept(bus, from_seq)
    return RecordedLife(life=beginning, inputs=inputs, mark=extent.mark)


async def require_kept(bus: Bus, from_seq: int) -> None:
    """Refuse where the log was let go of beyond *from_seq*, as while it was read from there.

    Raises:
        RefusedError: it is not whole from there on.
    """
    if (await bus.stream_state(Stream.PRISM_INPUT)).first_seq > from_seq:
        raise RefusedError(f"that is not kept any more: {_kept(await _last_snapshot(bus))}")


def _kept(snapshot: PrismSnapshot | None) -> str:
    at_ns = 0 if snapshot is None else snapshot.cut.at_ns
    return f"PRISM's log is kept from {told_time(at_ns)} on"


async def _last_snapshot(bus: Bus) -> PrismSnapshot | None:
    found: list[PrismSnapshot] = []

    async def on_snapshot(snapshot: PrismSnapshot, _: Delivery) -> None:
        found.append(snapshot)

    last = await bus.last_seq(Stream.PRISM_SNAPSHOT)
    await _read(bus.fold(PRISM_SNAPSHOT, on_snapshot, from_seq=max(1, last)))
    return found[-1] if found else None


async def _read(opening: Awaitable[Subscription]) -> None:
    subscription = await opening
    await subscription.stop()
