"""Logs: one line an event, JSON or for the console, ours and the libraries' alike.

Every line has a time, a level, the service, and the id of the request it belongs to. Values
under names that smell of secrets are blotted out, wherever they come from.
"""

import logging
import sys
from collections.abc import Mapping, MutableMapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final, TextIO, cast

import structlog
from structlog.typing import FilteringBoundLogger, Processor

from trade2026.core.clock import NS_PER_S, NS_PER_US, Clock, SystemClock

REQUEST_ID: Final = "request_id"

_SECRET_WORDS: Final = (
    "password",
    "secret",
    "token",
    "authorization",
    "credential",
    "cookie",
    "private_key",
)
_BLOT: Final = "***"

_LIBRARIES: Final = {
    "uvicorn": logging.WARNING,
    "uvicorn.access": logging.CRITICAL,
    "httpx": logging.WARNING,
    "httpcore": logging.WARNING,
}
"""Libraries that would log each connection, or each request and what stands in its URL."""


class LogFormat(StrEnum):
    """How a line looks."""

    JSON = "json"
    CONSOLE = "console"


class LogLevel(StrEnum):
    """The least important lines that are written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


def blot_secrets(_: object, __: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """Replace the values of *event* whose names say that they are secret."""
    for name in event:
        if any(word in name.lower() for word in _SECRET_WORDS):
            event[name] = _BLOT
    return event


def rfc3339(ns: int) -> str:
    """Return UTC nanoseconds as RFC 3339 text with microseconds."""
    seconds, rest_ns = divmod(ns, NS_PER_S)
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{rest_ns // NS_PER_US:06d}Z"


def configure_logs(
    log_format: LogFormat | None = None,
    level: LogLevel = LogLevel.INFO,
    *,
    stream: TextIO | None = None,
    clock: Clock | None = None,
) -> None:
    """Set up the logs of the process.

    Args:
        log_format: None means console on a terminal, else JSON.
        level: The least important level that is written.
        stream: Where to; standard error if None, because standard output is for results.
        clock: Whose time the lines bear; the machine's if None.
    """
    out = stream or sys.stderr
    chosen = log_format or (LogFormat.CONSOLE if out.isatty() else LogFormat.JSON)
    number = logging.getLevelNamesMapping()[level.upper()]
    shared = _shared(clock or SystemClock())
    rendering = _rendering(chosen, is_coloured=out.isatty())

    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, *_FOR_FORMATTER],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(number),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendering],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(number)
    for name, least in _LIBRARIES.items():
        logging.getLogger(name).setLevel(least)
    for name in ("uvicorn", "uvicorn.error"):
        logging.getLogger(name).handlers = []
        logging.getLogger(name).propagate = True


def service_log(service: str) -> FilteringBoundLogger:
    """Return the logger of *service*."""
    logger = structlog.get_logger(service).bind(service=service)
    return cast("FilteringBoundLogger", logger)


_FOR_FORMATTER: Final[tuple[Processor, ...]] = (
    structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
)


def _shared(clock: Clock) -> list[Processor]:
    def stamp(_: object, __: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
        event["ts"] = rfc3339(clock.now_ns())
        return event

    def name_the_library(_: object, __: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
        # A library's line has no service of ours: its own name tells where it comes from.
        if "service" not in event and "_record" in event:
            event["service"] = event["_record"].name
        return event

    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        name_the_library,
        stamp,
        blot_secrets,
    ]


def _rendering(chosen: LogFormat, *, is_coloured: bool) -> list[Processor]:
    match chosen:
        case LogFormat.JSON:
            return [
                structlog.processors.format_exc_info,
                structlog.processors.UnicodeDecoder(),
                structlog.processors.JSONRenderer(),
            ]
        case LogFormat.CONSOLE:
            return [
                structlog.dev.ConsoleRenderer(
                    colors=is_coloured,
                    timestamp_key="ts",
                    # The default shows the variables of every frame, tokens among them.
                    exception_formatter=structlog.dev.plain_traceback,
                )
            ]
