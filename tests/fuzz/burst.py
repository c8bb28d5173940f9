"""Much at once: runs of messages that make as many events, or use as much memory, as can be.

Random messages seldom do so by themselves; a book that keeps too little room does not notice.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
from tests.book.notation import Records
from tests.fuzz.market import Words

from trade2026.prism.engine.message import (
    BUY,
    MAX_PARTS,
    MESSAGE,
    SELL,
    Action,
    Force,
    Kind,
    Phase,
    Stp,
)


def burst(luck: np.random.Generator, numbers: Words, centre: int, now: int, owner: int) -> Records:
    """Return a run of messages, one for each of *numbers*, around the price *centre*.

    Two owners, next to each other from *owner* on, trade with each other.
    """
    owner += int(luck.integers(0, 5))
    run = np.zeros(len(numbers), MESSAGE)
    run["number"] = numbers
    run["kind"], run["force"] = Kind.LIMIT, Force.GTC
    run["stp"] = Stp.CANCEL_OLDEST
    run["ticks"] = centre
    parts = luck.choice([2, 10, 30, MAX_PARTS], p=[0.3, 0.3, 0.2, 0.2])
    run["lots"] = parts * luck.integers(1, 3)
    run["display"] = -(-run["lots"] // parts)
    BURSTS[luck.integers(len(BURSTS))](run, owner)
    run["time_ns"][run["force"] == Force.GTD] = now + 1_000
    return run


def eaten_icebergs(run: Records, owner: int) -> None:
    """An iceberg of as many parts as may be, eaten at once, and again, and again."""
    run["side"] = np.where(np.arange(len(run)) % 2, BUY, SELL)
    run["owner"] = owner + (run["side"] == BUY)
    run["display"][run["side"] == BUY] = 0


def many_icebergs(run: Records, owner: int) -> None:
    """Icebergs gather, then one order eats them all."""
    run["side"] = SELL
    run["owner"] = owner
    run["side"][-1], run["owner"][-1] = BUY, owner + 1
    run["lots"][-1] *= len(run)
    run["display"][-1] = 0


def repeated_numbers(run: Records, owner: int) -> None:
    """Numbers are placed for one time and cancelled, some times over, before they stay."""
    rows = np.arange(len(run))
    once = 2 * (2 + owner % 5) - 1
    run["number"] = run["number"][rows // once * once]
    run["side"], run["owner"] = BUY, owner
    run["force"] = Force.GTD
    run["action"] = np.where(rows % once % 2, Action.CANCEL, Action.PLACE)


def storm_of_stops(run: Records, owner: int) -> None:
    """Stop-limit icebergs wait, and market stops to eat them; one trade sets all off."""
    half = len(run) // 2
    run["kind"][:half], run["kind"][half:] = Kind.STOP_LIMIT, Kind.STOP
    run["side"][:half], run["side"][half:] = BUY, SELL
    run["owner"][:half], run["owner"][half:] = owner, owner + 1
    run["trigger"] = run["ticks"]
    run["ticks"] -= 5
    run["display"][half:] = 0
    for row, side in ((-2, SELL), (-1, BUY)):
        run["kind"][row], run["side"][row], run["ticks"][row] = (
            Kind.LIMIT,
            side,
            run["trigger"][row],
        )
        run["owner"][row], run["lots"][row] = owner + (side == BUY), 1


def large_auction(run: Records, owner: int) -> None:
    """Icebergs gather on both sides of an auction."""
    run["side"] = np.where(np.arange(len(run)) % 2, BUY, SELL)
    run["owner"] = owner + (run["side"] == BUY)
    for row, phase in ((0, Phase.AUCTION), (-1, Phase.CONTINUOUS)):
        run["action"][row], run["ticks"][row] = Action.PHASE, phase


BURSTS: Final[tuple[Callable[[Records, int], None], ...]] = (
    eaten_icebergs,
    many_icebergs,
    repeated_numbers,
    storm_of_stops,
    large_auction,
)
