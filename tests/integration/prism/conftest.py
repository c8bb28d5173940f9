"""A real server for each test, to be killed."""

from tests.integration.bus.conftest import site as site  # noqa: PLC0414 - a fixture, re-exported.
