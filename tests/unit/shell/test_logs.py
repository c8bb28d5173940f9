"""Every line is whole: time, level, service, request; secrets are blotted out."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from trade2026.core.clock import VirtualClock
from trade2026.shell.logs import LogFormat, LogLevel, configure_logs, rfc3339, service_log

NOON_NS = 1_795_348_800_000_000_000 + 123_456_789


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield io.StringIO()
    structlog.reset_defaults()
    root.handlers, root.level = handlers, level


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_of_ours_has_time_level_service_and_request(stream: io.StringIO) -> None:
    configure_logs(LogFormat.JSON, stream=stream, clock=VirtualClock(NOON_NS))

    with structlog.contextvars.bound_contextvars(request_id="r-1"):
        service_log("oms").info("order taken", order_id="o-1")

    assert lines(stream) == [
        {
            "event": "order taken",
            "order_id": "o-1",
            "service": "oms",
            "request_id": "r-1",
            "level": "info",
            "ts": "2026-11-22T12:00:00.123456Z",
        }
    ]


def test_a_line_of_a_library_goes_the_same_way(stream: io.StringIO) -> None:
    configure_logs(LogFormat.JSON, stream=stream, clock=VirtualClock(NOON_NS))

    logging.getLogger("nats.aio").warning("lost %s", "the server")

    assert lines(stream) == [
        {
            "event": "lost the server",
            "service": "nats.aio",
            "level": "warning",
            "ts": "2026-11-22T12:00:00.123456Z",
        }
    ]


def test_secrets_are_blotted_out(stream: io.StringIO) -> None:
    configure_logs(LogFormat.JSON, stream=stream)

    names = ("password", "access_token", "Authorization")
    service_log("authn").info("x", **dict.fromkeys(names, "hunter2"))

    assert "hunter2" not in stream.getvalue()
    assert [lines(stream)[0][name] for name in names] == ["***"] * 3


@pytest.mark.parametrize("log_format", list(LogFormat))
def test_a_traceback_shows_no_variables(stream: io.StringIO, log_format: LogFormat) -> None:
    configure_logs(log_format, stream=stream)
    token = "hunter" + str(2)

    try:
        int(token)
    except ValueError:
        service_log("oms").exception("failed")

    assert "int(token)" in stream.getvalue()
    assert "token = " not in stream.getvalue()
    assert stream.getvalue().count("hunter2") == 1  # in the error's own text


def test_lines_below_the_level_are_not_written(stream: io.StringIO) -> None:
    configure_logs(LogFormat.JSON, LogLevel.WARNING, stream=stream)

    service_log("oms").info("quiet")
    service_log("oms").warning("loud")

    assert [line["event"] for line in lines(stream)] == ["loud"]


def test_what_is_no_terminal_gets_json(stream: io.StringIO) -> None:
    configure_logs(None, stream=stream)

    service_log("oms").info("x")

    assert lines(stream)[0]["event"] == "x"


def test_a_time_is_cut_not_rounded() -> None:
    assert rfc3339(999) == "1970-01-01T00:00:00.000000Z"
    assert rfc3339(1_999_999_999) == "1970-01-01T00:00:01.999999Z"
