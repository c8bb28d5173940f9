"""What every service measures of itself; the names of these metrics stand here and only here.

Each service has a registry of its own, shown at `/metrics`. What a service adds to it bears
the same prefix.

Source: Prometheus text exposition format 0.0.4.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from trade2026.ports.bus import QueueStats

HTTP_REQUESTS: Final = "trade2026_http_requests"
HTTP_SECONDS: Final = "trade2026_http_request_seconds"
HTTP_RUNNING: Final = "trade2026_http_requests_running"
READY: Final = "trade2026_ready"
INFO: Final = "trade2026_info"
INTAKE_PENDING: Final = "trade2026_intake_pending"
INTAKE_HANDLED: Final = "trade2026_intake_handled"
INTAKE_FAILED: Final = "trade2026_intake_failed"
INTAKE_DROPPED: Final = "trade2026_intake_dropped"
INTAKE_SLOW: Final = "trade2026_intake_slow"
INTAKE_HALTED: Final = "trade2026_intake_halted"

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
UNMATCHED: Final = "unmatched"
"""The route of a request that no route took: a stranger's path must not become a label."""

_BUCKETS_S: Final = (0.0005, 0.001, 0.002, 0.003, 0.005, 0.01, 0.015, 0.025, 0.05, 0.1, 0.5, 2.5)

StatsSource = Callable[[], Iterable[QueueStats]]


class ServiceMetrics:
    """The shell's metrics of one service."""

    def __init__(self, registry: CollectorRegistry, *, service: str, version: str) -> None:
        """Register them in *registry*, and those of the process."""
        self._registry = registry
        ProcessCollector(registry=registry)
        Gauge(
            INFO, "Which service and version answers.", ["service", "version"], registry=registry
        ).labels(service, version).set(1)
        self._requests = Counter(
            HTTP_REQUESTS,
            "Requests answered.",
            ["method", "route", "status"],
            registry=registry,
        )
        self._seconds = Histogram(
            HTTP_SECONDS,
            "Time from the arrival of a request to the end of its answer.",
            ["method", "route"],
            buckets=_BUCKETS_S,
            registry=registry,
        )
        self._running = Gauge(HTTP_RUNNING, "Requests being answered.", registry=registry)
        self._ready = Gauge(READY, "Whether /ready says yes.", registry=registry)

    def count_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answered request."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)

    def show_running(self, count: int) -> None:
        """Show how many requests are being answered."""
        self._running.set(count)

    def show_ready(self, *, is_ready: bool) -> None:
        """Show whether the service is ready."""
        self._ready.set(int(is_ready))

    def watch_intakes(self, source: StatsSource) -> None:
        """Show what *source* says of the intakes whenever the metrics are asked for."""
        self._registry.register(_IntakeCollector(source))

    def text(self) -> bytes:
        """Return everything in the registry as Prometheus text."""
        return generate_latest(self._registry)


class _IntakeCollector(Collector):
    def __init__(self, source: StatsSource) -> None:
        self._source = source

    def describe(self) -> Iterable[Metric]:
        return self._families(())

    def collect(self) -> Iterable[Metric]:
        return self._families(tuple(self._source()))

    @staticmethod
    def _families(stats: tuple[QueueStats, ...]) -> Iterator[Metric]:
        for name, text, read in _INTAKE_GAUGES:
            gauge = GaugeMetricFamily(name, text, labels=["intake"])
            for one in stats:
                gauge.add_metric([one.name], read(one))
            yield gauge
        for name, text, read in _INTAKE_COUNTERS:
            counter = CounterMetricFamily(name, text, labels=["intake"])
            for one in stats:
                counter.add_metric([one.name], read(one))
            yield counter


_Row = tuple[str, str, Callable[[QueueStats], float]]

_INTAKE_GAUGES: Final[tuple[_Row, ...]] = (
    (INTAKE_PENDING, "Events waiting for their handler.", lambda s: s.pending_count),
    (INTAKE_SLOW, "Whether the bounded queue is full.", lambda s: s.is_slow),
    (INTAKE_HALTED, "Whether a poisoned event stopped it.", lambda s: s.is_halted),
)
_INTAKE_COUNTERS: Final[tuple[_Row, ...]] = (
    (INTAKE_HANDLED, "Events handled.", lambda s: s.handled_count),
    (INTAKE_FAILED, "Handler calls that raised.", lambda s: s.failed_count),
    (INTAKE_DROPPED, "Live copies lost by a slow handler.", lambda s: s.dropped_count),
)
