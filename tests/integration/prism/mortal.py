"""PRISM in a process that is killed: it asks its own venue without end, and says what was answered.

Run as ``python -m tests.integration.prism.mortal URL USER PASSWORD FOLDER SEED``. Each line it
prints is something that PRISM acknowledged: ``order ID``, ``stop ID``, ``replace ID KEY``,
``cancel ID``, ``control ID``. Its log is kept for two seconds, so that cuts are many.
"""

import asyncio
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest
import structlog
from tests.prism import SECOND, Orders, a_house, cancel_of
from tests.unit.prism.test_orders import replace_of

from trade2026.adapters.bus.nats import NatsBus
from trade2026.core.clock import SystemClock, VirtualClock
from trade2026.core.ids import EventId
from trade2026.core.numbers import Px
from trade2026.model.order import NewOrderSingle, OrdType, Side
from trade2026.model.prism import ControlKind, PrismControl, PrismParams
from trade2026.prism import outside
from trade2026.prism import venue as venue_module
from trade2026.prism.archive import Archive
from trade2026.prism.venue import Venue

KEEP_NS = 2 * SECOND
DONE_REMEMBERED_NS = SECOND // 2
SKEW_NS = SECOND // 5
ACTS = ("order", "order", "stop", "replace", "cancel", "control")


async def _main(url: str, user: str, password: str, folder: Path, seed: int) -> None:
    # Two minutes of remembering would hold every cut back for two minutes, and clocks that
    # differ by seconds would have every order too old for a log that is kept for seconds.
    patch = pytest.MonkeyPatch()
    patch.setattr(outside, "REMEMBER_NS", DONE_REMEMBERED_NS)
    for module in (outside, venue_module):
        patch.setattr(module, "SKEW_NS", SKEW_NS)
    bus = await NatsBus.connect(
        url=url, user=user, password=password, name="prism", clock=SystemClock()
    )
    log = structlog.get_logger()
    venue = Venue(
        bus=bus,
        clock=SystemClock(),
        log=log,
        house=a_house(),
        archive=Archive(folder / "prism", log),
        keep_ns=KEEP_NS,
    )
    await venue.open()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(venue.run())
        tasks.create_task(venue.recorder.run())
        await asyncio.sleep(0)
        for number in range(4):
            tasks.create_task(_ask(venue, np.random.default_rng(10 * seed + number), f"a{number}"))


async def _ask(venue: Venue, dice: np.random.Generator, account: str) -> None:
    clock = VirtualClock(SystemClock().now_ns())
    orders = Orders(clock, seed=int(dice.integers(2**30)))
    open_orders: list[NewOrderSingle] = []
    for number in range(10**9):
        clock.advance(max(0, SystemClock().now_ns() - clock.now_ns()))
        what = ACTS[int(dice.integers(len(ACTS)))]
        side = Side.BUY if dice.random() < 0.5 else Side.SELL
        if what in {"order", "stop"}:
            order = _order(orders, dice, side, account, is_stop=what == "stop")
            assert (await venue.submit(order)).is_accepted
            open_orders.append(order)
            _say(what, order.order_id)
        elif what == "control":
            await _control(venue, EventId(f"{account}-{orders.market(side).order_id}"), dice)
        elif open_orders:
            order = open_orders[-1 - int(dice.integers(min(20, len(open_orders))))]
            if what == "cancel":
                if (await venue.cancel(cancel_of(order))).is_accepted:
                    _say(what, order.order_id)
                continue
            ack = await venue.replace(replace_of(order, f"r{number}", order_qty="0.015"))
            if ack.is_accepted:
                _say(what, order.order_id, f"r{number}")


def _order(
    orders: Orders, dice: np.random.Generator, side: Side, account: str, *, is_stop: bool
) -> NewOrderSingle:
    if not is_stop:
        price = "50000" if dice.random() < 0.5 else "60000"
        return orders.limit(side, price if side is Side.BUY else "70000", "0.02", account=account)
    order = orders.market(side, "0.02", account=account)
    stop_px = Px((90_000 if side is Side.BUY else 30_000) * 10**9)
    return msgspec.structs.replace(order, ord_type=OrdType.STOP, stop_px=stop_px)


async def _control(venue: Venue, control_id: EventId, dice: np.random.Generator) -> None:
    pause_s = float(dice.integers(1, 1_000))
    params = PrismParams(type_name="noise", values={"mean_pause_s": pause_s})
    control = PrismControl(kind=ControlKind.PARAMS, params=params, asked_by=control_id)
    await venue.control(control, control_id)
    _say("control", control_id, pause_s)


def _say(*words: object) -> None:
    print(*words, flush=True)  # noqa: T201 - read by the test.


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30))
    asyncio.run(_main(sys.argv[1], sys.argv[2], sys.argv[3], Path(sys.argv[4]), int(sys.argv[5])))
