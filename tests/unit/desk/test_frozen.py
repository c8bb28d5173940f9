"""What a fold was frozen to does not change with it: it is written beside the fold, in a thread."""

from typing import Any

from tests.algos import an_algo
from tests.trading import Core, PlainVenue, a_resting_ask, an_ask, running_core, until

from trade2026.adapters.bus.memory import MemoryLog
from trade2026.desk.snapshots import Keeper
from trade2026.desk.streams_hub import Hub
from trade2026.model import codec
from trade2026.model.subjects import ORDERS_EVENT, POSITION_EVENT


def keepers(core: Core, hub: Hub) -> list[Keeper[Any]]:
    """Return every fold of the core, and the stream's."""
    desks = (core.risk, core.ptrc, core.pnl, core.algos, hub)
    return [desk.keeper() for desk in desks]


async def session(core: Core, name: str) -> None:
    """Fill an order, cancel one, and leave one and an algorithm at work."""
    await core.oms.submit(an_ask(f"fills-{name}"))
    order, _ = await core.oms.submit(a_resting_ask(f"rests-{name}"))
    await core.oms.cancel(order.request.order_id, "tess")
    await core.oms.submit(a_resting_ask(f"stays-{name}"))
    await core.algos.start(an_algo(algo_id=f"algo-{name}", cl_algo_id=f"key-{name}"))
    seq = await core.bus.last_seq(ORDERS_EVENT.stream)
    await until(lambda: core.ptrc.ledger.seq >= seq and core.risk.book.accounts.seq >= seq)


async def test_a_frozen_fold_stays_as_it_was() -> None:
    log, hub = MemoryLog(), Hub()
    async with running_core(log, PlainVenue(log)) as core:
        await core.bus.fold(ORDERS_EVENT, hub.on_journal)
        await core.bus.fold(POSITION_EVENT, hub.on_position)
        await session(core, "first")
        frozen = [keeper.freeze() for keeper in keepers(core, hub)]
        before = [codec.encode(state) for state in frozen]

        await session(core, "second")

        assert [codec.encode(state) for state in frozen] == before
        assert [codec.encode(one.freeze()) for one in keepers(core, hub)] != before
