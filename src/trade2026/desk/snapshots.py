"""Snapshots of a fold: what it had come to, and where in the log, so that a restart is short.

A snapshot is taken between two events, never within one, and its place in the log is in the same
record. It is believed only where all of it fits: its digest, the fold it is of, the form of its
state, the log it was taken from, and the event it stands at, which the log must still have as it
was. Where anything does not, one line says so, and the one before it is tried, and then the whole
log is folded. An event that could not be handled ends them for this life: the next one must meet
it again.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final, Generic, NamedTuple, TypeVar

import msgspec
from msgspec import inspect
from structlog.typing import FilteringBoundLogger

from trade2026.core.clock import NS_PER_MS, NS_PER_S, Clock, TimeNs
from trade2026.core.errors import CodecError, StoreDamagedError, UnavailableError
from trade2026.desk.persistence import END_WITHIN_S, to_the_end
from trade2026.model import codec
from trade2026.model.subjects import EVENTS, Event, Stream
from trade2026.ports.bus import Bus, Delivery, EventHandler, PoisonHandler
from trade2026.ports.snapshots import SnapshotStore

S = TypeVar("S", bound=msgspec.Struct)

EVENTS_MOST: Final = 10_000
"""So many events later another one is due: a restart folds few more than that."""
EVERY_NS: Final = 60 * NS_PER_S
"""So long after the last one another is due, where anything has happened."""
LEAST_NS: Final = 5 * NS_PER_S
"""Never sooner than this after the last one: a long fold is not slowed down by them."""
AGAIN_NS: Final = 60 * NS_PER_S
"""So long after one that could not be written the next is tried: one line tells of each."""
LOOK_EVERY_S: Final = 1.0
_DIGEST_BYTES: Final = hashlib.sha256().digest_size


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """How far a fold has come in one stream of the log."""

    stream: Stream
    created_ns: TimeNs
    """Names the log: when its stream was made."""
    seq: int
    """The last event of the subject that is in the state; 0 for none."""
    appended_ns: TimeNs
    """When the log stored that event."""


class Image(msgspec.Struct, frozen=True, kw_only=True):
    """A snapshot as it is kept, behind its digest."""

    fold: str
    form: str
    """The hash of the form of the state: another version's is not read."""
    places: dict[str, Place]
    """By the pattern of the subject."""
    state: bytes


class Frozen(NamedTuple):
    """A fold as it was at one moment: nothing in it changes any more."""

    state: msgspec.Struct
    places: dict[str, Place]
    held_ns: int
    """How long the fold stood still for it."""


async def _nothing_begun() -> bool:
    """Return at once: there is nothing to wait for."""
    return True


class Keeper(Generic[S]):
    """One fold as its snapshots see it.

    Args:
        fold: its name.
        state: what all of it can be made of again; every change of its form makes older ones
            unreadable.
        rules: raised by whoever changes what the same events come to.
        freeze: returns the state as it is at this moment, which shares nothing with the fold that
            changes: it is written beside it.
        thaw: begins from a state.
        settle: awaited right before `freeze`, for what the fold has begun beside itself; returns
            whether all of it is done.
    """

    def __init__(
        self,
        *,
        fold: str,
        state: type[S],
        rules: int,
        freeze: Callable[[], S],
        thaw: Callable[[S], None],
        settle: Callable[[], Awaitable[bool]] = _nothing_begun,
    ) -> None:
        self.fold = fold
        self.form = form_of(state, rules)
        self.freeze = freeze
        self.settle = settle
        self._state = state
        self._thaw = thaw

    def thaw(self, content: bytes) -> None:
        """Begin from the state that *content* holds.

        Raises:
            CodecError: it holds none.
        """
        self._thaw(codec.decode(self._state, content))


class Snapshots:
    """Takes the snapshots of one fold, and begins from them.

    The fold's handlers are passed through `following`, and its reading begins where `begin`
    says. Streams that are small are read whole and need neither.

    Args:
        keeper: of the fold.
        store: where they are kept.
        bus: the log is read from.
        clock: for how long ago the last one was taken.
        log: told of every one, and of every one that is not used.
        most: so many events after the last one another is due.
        least_ns: no sooner than this after the last one.
        lead: so many events sooner than that the first one is due: folds that follow the same
            events are not written at the same time then.
    """

    def __init__(
        self,
        keeper: Keeper[Any],
        *,
        store: SnapshotStore,
        bus: Bus,
        clock: Clock,
        log: FilteringBoundLogger,
        most: int = EVENTS_MOST,
        least_ns: int = LEAST_NS,
        lead: int = 0,
    ) -> None:
        self._keeper = keeper
        self._most = most
        self._least_ns = least_ns
        self._store = store
        self._bus = bus
        self._clock = clock
        self._log = log.bind(fold=keeper.fold)
        self._places: dict[str, Place] = {}
        self._is_loaded = False
        self._in_hand = 0
        """Handlers that have begun and not ended."""
        self._unhandled: set[tuple[str, int]] = set()
        self._new_events = 0
        self._lead = lead
        self._taken_ns = clock.monotonic_ns()
        self._least_ns_now = least_ns
        """From the last one to the next."""
        self._writing: asyncio.Future[None] | None = None

    def begin(self, subject: Event[Any]) -> Callable[[], Awaitable[int]]:
        """Return the question where to begin reading *subject*; the first one asked loads."""

        async def from_seq() -> int:
            if not self._is_loaded:
                await self._load()
                self._is_loaded = True
            place = self._places.get(subject.pattern)
            if place is None:
                state = await self._bus.stream_state(subject.stream)
                place = Place(
                    stream=subject.stream,
                    created_ns=state.created_ns,
                    seq=0,
                    appended_ns=TimeNs(0),
                )
                self._places[subject.pattern] = place
            return place.seq + 1

        return from_seq

    def following(self, subject: Event[Any], handler: EventHandler) -> EventHandler:
        """Return *handler*, noting how far it has come, and taking a snapshot when one is due."""
        pattern = subject.pattern

        async def follow(event: object, delivery: Delivery) -> None:
            what = (pattern, delivery.stream_seq)
            is_handled = False
            self._in_hand += 1
            try:
                await handler(event, delivery)
                is_handled = True
            finally:
                self._in_hand -= 1
                if not is_handled:
                    self._unhandled.add(what)
            self._unhandled.discard(what)
            self._places[pattern] = msgspec.structs.replace(
                self._places[pattern], seq=delivery.stream_seq, appended_ns=delivery.appended_ns
            )
            self._new_events += 1
            # Asked again after the wait: another subject's event may have taken one meanwhile.
            if self._is_wanted() and await self._keeper.settle() and self._is_wanted():
                # Beside the fold, which goes on meanwhile: only what is written is fixed here.
                self._writing = asyncio.ensure_future(self._keep(self._frozen()))

        return follow

    def pinning(self, on_poison: PoisonHandler) -> PoisonHandler:
        """Return *on_poison*, after which no snapshot is taken any more."""

        async def pin(
            subject: Event[Any], message: object, delivery: Delivery, reason: str
        ) -> None:
            self._unhandled.add((subject.pattern, delivery.stream_seq))
            await on_poison(subject, message, delivery, reason)

        return pin

    async def run(self) -> None:
        """Take one whenever it is due while nothing happens, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            if self._is_due():
                await self.take()

    async def close(self) -> None:
        """Take a last one where anything has happened."""
        if self._writing is not None:
            await self._writing
        if self._new_events:
            with suppress(TimeoutError):
                async with asyncio.timeout(END_WITHIN_S):
                    await self.take()

    async def take(self) -> None:
        """Take one, unless an event is in hand or could not be handled."""
        if self._writing is not None:
            await self._writing
        if await self._keeper.settle() and self._may_take() and self._written():
            self._writing = asyncio.ensure_future(self._keep(self._frozen()))
            await self._writing

    def _is_wanted(self) -> bool:
        return self._is_due() and self._may_take() and self._written()

    def _written(self) -> bool:
        return self._writing is None or self._writing.done()

    def _may_take(self) -> bool:
        return not self._in_hand and not self._unhandled

    def _frozen(self) -> Frozen:
        """Return the fold as it is at this moment."""
        self._taken_ns, self._new_events = self._clock.monotonic_ns(), 0
        self._lead = 0
        state = self._keeper.freeze()
        held_ns = self._clock.monotonic_ns() - self._taken_ns
        return Frozen(state=state, places=dict(self._places), held_ns=held_ns)

    async def _keep(self, frozen: Frozen) -> None:
        # One turn of the loop: by then an event that nobody can read has been told of.
        await asyncio.sleep(0)
        if self._unhandled:
            return
        try:
            await to_the_end(asyncio.to_thread(self._write, frozen))
        except (CodecError, UnavailableError) as error:
            self._least_ns_now = AGAIN_NS
            self._log.warning("no snapshot", why=str(error))
        else:
            self._least_ns_now = self._least_ns

    def _write(self, frozen: Frozen) -> None:
        # In a thread: to write out a large state takes longer than an order may wait.
        state = codec.encode(frozen.state)
        keeper = self._keeper
        image = Image(fold=keeper.fold, form=keeper.form, places=frozen.places, state=state)
        record = codec.encode(image)
        self._store.write(hashlib.sha256(record).digest() + record)
        self._log.info(
            "snapshot",
            places={pattern: place.seq for pattern, place in frozen.places.items()},
            bytes=len(state),
            held_ms=frozen.held_ns // NS_PER_MS,
        )

    def _is_due(self) -> bool:
        since_ns = self._clock.monotonic_ns() - self._taken_ns
        if since_ns < self._least_ns_now or not self._new_events:
            return False
        return self._new_events + self._lead >= self._most or since_ns >= EVERY_NS

    async def _load(self) -> None:
        try:
            kept = await asyncio.to_thread(self._store.read)
        except UnavailableError as error:
            self._log.warning("the whole log is folded", why=str(error))
            return
        for content in kept:
            try:
                image = await self._believed(content)
                self._keeper.thaw(image.state)
            except (CodecError, StoreDamagedError) as error:
                self._log.warning("a snapshot is not used", why=str(error))
                continue
            self._places = dict(image.places)
            self._log.info("begun from a snapshot", bytes=len(image.state))
            return

    async def _believed(self, content: bytes) -> Image:
        digest, record = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
        if hashlib.sha256(record).digest() != digest:
            raise StoreDamagedError("it is damaged")
        image = codec.decode(Image, record)
        if (image.fold, image.form) != (self._keeper.fold, self._keeper.form):
            raise StoreDamagedError("it is of another fold or another version")
        for pattern, place in image.places.items():
            await self._require_same_log(pattern, place)
        return image

    async def _require_same_log(self, pattern: str, place: Place) -> None:
        state = await self._bus.stream_state(place.stream)
        if state.created_ns != place.created_ns:
            raise StoreDamagedError(f"{pattern}: it is of another log")
        if place.seq > state.last_seq:
            raise StoreDamagedError(f"{pattern}: it is ahead of the log")
        if place.seq and await self._stands_at(pattern, place.seq) != place.appended_ns:
            raise StoreDamagedError(f"{pattern}: the log is another one at {place.seq}")

    async def _stands_at(self, pattern: str, seq: int) -> TimeNs | None:
        """Return when the log stored the event that is *seq* now, None where there is none."""
        found: list[Delivery] = []

        async def note(_: object, delivery: Delivery) -> None:
            found.append(delivery)

        subject = next(one for one in EVENTS if one.pattern == pattern)
        reading = await self._bus.fold(subject, note, from_seq=seq, until_seq=seq + 1)
        await reading.stop()
        return next((one.appended_ns for one in found if one.stream_seq == seq), None)


def form_of(state: type[msgspec.Struct], rules: int) -> str:
    """Return the hash of the form of *state* and of the number of its rules."""
    text = f"{rules} {_form_of(inspect.type_info(state), set())}"
    return hashlib.sha256(text.encode()).hexdigest()


def _form_of(info: inspect.Type, seen: set[type]) -> str:
    """Return what a value of the type looks like when it is written, in one line."""
    match info:
        case inspect.StructType(cls=cls) if cls in seen:
            text = cls.__name__
        case inspect.StructType(cls=cls, tag=tag, array_like=is_array):
            seen.add(cls)
            fields = (f"{one.encode_name}:{_form_of(one.type, seen)}" for one in info.fields)
            text = f"{cls.__name__}({tag} {is_array} {' '.join(fields)})"
        case inspect.EnumType(cls=cls):
            text = f"{cls.__name__}({' '.join(str(one.value) for one in cls)})"
        case inspect.CustomType(cls=cls):
            text = cls.__name__
        case inspect.DictType(key_type=key, value_type=value):
            text = f"dict({_form_of(key, seen)} {_form_of(value, seen)})"
        case (
            inspect.VarTupleType(item_type=item)
            | inspect.ListType(item_type=item)
            | inspect.SetType(item_type=item)
            | inspect.FrozenSetType(item_type=item)
        ):
            text = f"all({_form_of(item, seen)})"
        case inspect.TupleType(item_types=parts) | inspect.UnionType(types=parts):
            inner = " ".join(_form_of(one, seen) for one in parts)
            text = f"{type(info).__name__}({inner})"
        case (
            inspect.IntType()
            | inspect.StrType()
            | inspect.BytesType()
            | inspect.BoolType()
            | inspect.NoneType()
        ):
            text = type(info).__name__
        case _:
            raise TypeError(f"{info} cannot be in a snapshot")
    return text
