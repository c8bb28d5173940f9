"""A day as the argument of a command: it is read as everywhere else, and refused as usage."""

from typing import Final

import click

from trade2026.core.errors import InvalidInputError
from trade2026.desk.day import Day, read_day


class DayType(click.ParamType[Day]):
    """A day in UTC, such as 2026-11-26."""

    name = "day"

    def convert(
        self, value: str | Day, param: click.Parameter | None, ctx: click.Context | None
    ) -> Day:
        """Return the day."""
        if isinstance(value, Day):
            return value
        try:
            return read_day(value)
        except InvalidInputError as error:
            self.fail(f"{value[:40]!r} is {error.why}", param, ctx)


DAY: Final = DayType()
