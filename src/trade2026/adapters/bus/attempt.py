"""Catch what somebody else's code raises, so that the bus outlives its handlers.

The bus promises to try a failing handler again and to carry its error to the asker, so it
has to catch errors it cannot name. It does so here and nowhere else. Cancellation and the
end of the process pass through.
"""

from types import TracebackType
from typing import Self, cast


class Attempt:
    """A block whose error is kept in `error` instead of being raised."""

    def __init__(self) -> None:
        self.error: Exception | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        if isinstance(error, Exception):
            self.error = error
            return True
        return False


def reason_of(error: BaseException) -> str:
    """Return one line that says what went wrong, never empty."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def is_of(error: BaseException, kind: type[Exception]) -> bool:
    """Return whether *error* is of a *kind*, or of a group in which one is."""
    if isinstance(error, BaseExceptionGroup):
        group = cast("BaseExceptionGroup[BaseException]", error)
        return group.subgroup(kind) is not None
    return isinstance(error, kind)
