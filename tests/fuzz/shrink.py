"""Makes a list of messages on which two books differ as short as is easily found.

Source: Zeller and Hildebrandt (2002), "Simplifying and isolating failure-inducing input":
take parts away, ever smaller ones, as long as what is left still fails.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
from tests.book.notation import Records, describe, message, say
from tests.fuzz.agreement import CHUNK, DisagreementError, Pair

from trade2026.prism.engine.message import MESSAGE, Action

TRIES_MAX: Final = 3_000


def is_disagreed(messages: Records) -> bool:
    """Return whether the books differ on *messages*."""
    pair = Pair()
    try:
        for start in range(0, len(messages), CHUNK):
            pair.tell(messages[start : start + CHUNK])
    except DisagreementError:
        return True
    return False


def in_one_list(told: list[tuple[int, Records]]) -> Records:
    """Return the messages of all chunks, each after a message that tells its time."""
    every = np.zeros(sum(1 + len(chunk) for _, chunk in told), MESSAGE)
    row = 0
    for now, chunk in told:
        every[row] = message(action=Action.CLOCK, time_ns=now)[0]
        every[row + 1 : row + 1 + len(chunk)] = chunk
        row += 1 + len(chunk)
    return every


def shrunk(messages: Records, is_failing: Callable[[Records], bool]) -> Records:
    """Return a short part of *messages* that still fails, given that all of them do."""
    size = len(messages) // 2
    tries = 0
    while size and tries < TRIES_MAX:
        start, before = 0, len(messages)
        while start < len(messages) and tries < TRIES_MAX:
            fewer = np.delete(messages, slice(start, start + size))
            tries += 1
            if len(fewer) and is_failing(fewer):
                messages = fewer
            else:
                start += size
        # One more pass over single messages as long as that takes something away.
        size = size if size == 1 and len(messages) < before else size // 2
    return messages


def story(messages: Records) -> str:
    """Return *messages* as lines, with what the plain book says behind each, set in."""
    pair = Pair()
    lines: list[str] = []
    for i in range(len(messages)):
        lines.append(say(messages[i]))
        try:
            events = pair.tell(messages[i : i + 1])
        except DisagreementError as error:
            return "\n".join([*lines, str(error)])
        lines += [f"    {describe(event)}" for event in events]
    return "\n".join([*lines, "(one by one they agree: they differ only in one batch)"])
