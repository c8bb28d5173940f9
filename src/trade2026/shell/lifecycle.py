"""The life of one service: start, catch up, serve, drain, stop.

The order is that of `Service`: `start`, then each intake as listed, then `caught_up`, then
the loops, and only then are the routes open and `/ready` says yes. The end is the reverse.
"""

from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Any, Final

from prometheus_client import CollectorRegistry
from structlog.typing import FilteringBoundLogger

from trade2026 import VERSION
from trade2026.core.clock import NS_PER_S, Clock
from trade2026.ports.bus import Bus, QueueStats, Subscription
from trade2026.shell.health import Health, Readiness, bus_ping, examine
from trade2026.shell.metrics import ServiceMetrics
from trade2026.shell.service import Consume, Fold, Intake, Serve, Service, Watch

BUS_CHECK: Final = "bus"

Crash = Callable[[BaseException], None]
"""Told of a broken invariant, after which the process ends: its state cannot be trusted."""


class Phase(StrEnum):
    """Where a service is in its life."""

    STARTING = "starting"
    CATCHING_UP = "catching up"
    READY = "ready"
    STOPPING = "stopping"


class ServiceLife:
    """A built service with its subscriptions and its phase."""

    def __init__(
        self,
        service: Service,
        *,
        bus: Bus,
        clock: Clock,
        log: FilteringBoundLogger,
        registry: CollectorRegistry,
        ping_limit_s: float,
        crash: Crash,
    ) -> None:
        """Take charge of *service*; nothing is started."""
        self.service = service
        self.log = log
        self.clock = clock
        self.metrics = ServiceMetrics(registry, service=service.name, version=VERSION)
        self.metrics.watch_intakes(lambda: self.intake_stats().values())
        self.crash = crash
        self._bus = bus
        self._ping_limit_s = ping_limit_s
        self._started_ns = clock.monotonic_ns()
        self._phase = Phase.STARTING
        self._waiting = [_label(intake) for intake in service.intakes]
        assert len(set(self._waiting)) == len(self._waiting), "an intake is declared twice"
        self._subscriptions: dict[str, Subscription] = {}
        self._pings = dict(service.pings)
        if service.intakes:
            self._pings[BUS_CHECK] = bus_ping(bus)

    @property
    def phase(self) -> Phase:
        """Return where the service is in its life."""
        return self._phase

    @property
    def is_open(self) -> bool:
        """Return whether the routes answer."""
        return self._phase is Phase.READY

    @property
    def uptime_s(self) -> float:
        """Return how long ago the service was built, in seconds."""
        return (self.clock.monotonic_ns() - self._started_ns) / NS_PER_S

    async def start(self) -> None:
        """Start the service up to and including `caught_up`; it is not ready yet."""
        await self.service.start()
        self._phase = Phase.CATCHING_UP
        for intake in self.service.intakes:
            label = _label(intake)
            self.log.debug("intake starts", intake=label)
            self._subscriptions[label] = await self._subscribed(intake)
            self._waiting.remove(label)
        await self.service.caught_up()

    def open(self) -> None:
        """Let requests in and say that the service is ready."""
        self._phase = Phase.READY
        self.metrics.show_ready(is_ready=True)
        self.log.info("ready", after_s=round(self.uptime_s, 3))

    def refuse_requests(self) -> None:
        """Take no new requests from now on."""
        self._phase = Phase.STOPPING
        self.metrics.show_ready(is_ready=False)

    async def stop(self) -> None:
        """Stop the intakes after the event in hand, the last one first; then the service."""
        for label in reversed(list(self._subscriptions)):
            await self._subscriptions.pop(label).stop()
        await self.service.stop()
        self.log.info("stopped")

    def intake_stats(self) -> dict[str, QueueStats]:
        """Return how the intakes keep up, by label."""
        return {label: one.stats() for label, one in self._subscriptions.items()}

    def readiness(self) -> Readiness:
        """Return whether the service is ready, and what is missing."""
        missing = [] if self.is_open else [str(self._phase), *self._waiting]
        return Readiness(ready=self.is_open, service=self.service.name, missing=missing)

    async def health(self) -> Health:
        """Examine the service now."""
        return await examine(
            self._pings,
            self.intake_stats(),
            limit_s=self._ping_limit_s,
            soft_pings=self.service.soft_pings,
        )

    async def _subscribed(self, intake: Intake) -> Subscription:
        match intake:
            case Serve(subject=subject, handler=handler):
                return await self._bus.serve(subject, self._watched(handler))
            case Consume():
                return await self._bus.consume(
                    intake.subject,
                    intake.handler,
                    durable=intake.durable,
                    lanes=intake.lanes,
                    on_poison=intake.on_poison,
                )
            case Fold(subject=subject, handler=handler, from_seq=begin, on_poison=on_poison):
                return await self._bus.fold(
                    subject,
                    handler,
                    from_seq=1 if begin is None else await begin(),
                    on_poison=on_poison,
                )
            case Watch(subject=subject, handler=handler):
                return await self._bus.watch(subject, handler)

    def _watched(self, handler: Callable[[Any], Awaitable[Any]]) -> Callable[[Any], Awaitable[Any]]:
        """Return *handler*, ending the process when it breaks an invariant.

        A command must not be answered from a state that has just proved to be wrong. Events
        are left to the bus: it tries again, and then the event's poison rule says what happens.
        """

        async def answer(request: object) -> object:
            try:
                return await handler(request)
            except AssertionError as error:
                self.crash(error)
                raise

        return answer


def _label(intake: Intake) -> str:
    kind = type(intake).__name__.lower()
    name = ""
    if isinstance(intake, Consume):
        name = intake.durable
    elif isinstance(intake, Fold):
        name = intake.reader
    return f"{kind} {intake.subject.pattern}{f' as {name}' if name else ''}"
