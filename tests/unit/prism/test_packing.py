"""What is large is one message all the same, and comes back as it was."""

import string
from collections.abc import Iterator
from itertools import islice

import msgspec
import pytest
from tests.factories import NOW_NS
from tests.prism import SECOND, a_clock, check_conserved, living
from tests.unit.prism.test_control import pass_time

from trade2026.adapters.bus.local import PAYLOAD_BYTES_MAX
from trade2026.adapters.bus.memory import MemoryLog
from trade2026.core import chance
from trade2026.core.ids import AccountId, EventId, OrderId
from trade2026.core.numbers import Qty, SignedQty, Value
from trade2026.model import codec
from trade2026.model.instrument import PRISM_INSTRUMENTS
from trade2026.model.order import Side
from trade2026.model.prism import OutsideOrder, PartyHolding, PrismLife, PrismSnapshot
from trade2026.model.subjects import Stream
from trade2026.prism import packing
from trade2026.prism.limits import Limits
from trade2026.prism.packing import AGENT_ROWS_MAX, pack, unpack

SYMBOLS = [instrument.symbol for instrument in PRISM_INSTRUMENTS]


def words() -> Iterator[str]:
    """Yield names of the greatest length in which nothing repeats."""
    rng = chance.stream(1, "words")
    letters = list(string.ascii_letters + string.digits + "-_")
    while True:
        yield "".join(rng.choice(letters, 64))


def all_there_may_be() -> PrismSnapshot:
    """Return a snapshot of as many agents and outsiders as there may be."""
    rng, names = chance.stream(1, "numbers"), words()

    def whole(bound: int) -> int:
        return int(rng.integers(bound))

    agents = [
        PartyHolding(
            party=f"agent:noise-{number}",
            symbol=symbol,
            cash=Value(whole(4 * 10**9) * 10**16 - 10**25),
            inventory=SignedQty(whole(10**6) * 10**5 - 10**10),
        )
        for number in range(AGENT_ROWS_MAX // len(SYMBOLS))
        for symbol in SYMBOLS
    ]
    outsiders = [
        PartyHolding(
            party=f"direct:{name}",
            symbol=SYMBOLS[whole(6)],
            cash=Value(whole(2**62) * 2**63),
            inventory=SignedQty(whole(2**62)),
        )
        for name in islice(names, Limits().rows_max + 7)
    ]
    orders = [
        OutsideOrder(
            order_id=OrderId(name),
            account=AccountId(next(names)),
            symbol=SYMBOLS[whole(6)],
            side=Side.SELL,
            venue_order_id=f"1000000-{whole(10**9)}",
            cum_qty=Qty(whole(2**62)),
            is_direct=True,
        )
        for name in islice(names, Limits().all_open_max)
    ]
    return PrismSnapshot(
        sim_time_ns=NOW_NS,
        report_seq=2**62,
        holdings=(*agents, *outsiders),
        last_mid_px={},
        seed=7,
        restarts=0,
        older_orders=tuple(orders),
    )


def test_all_that_there_may_be_is_one_message_and_comes_back_as_it_was() -> None:
    snapshot = all_there_may_be()
    life = PrismLife(
        life_id=EventId("x" * 64),
        life=1,
        rules="x" * 64,
        seed=7,
        draw=1,
        start_ns=NOW_NS,
        holdings=snapshot.holdings,
        last_mid_px={},
    )

    taken, begun = codec.encode(pack(snapshot)), codec.encode(pack(life))
    assert max(len(taken), len(begun)) < PAYLOAD_BYTES_MAX - 10_000
    assert unpack(codec.decode(PrismSnapshot, taken)) == snapshot
    assert unpack(codec.decode(PrismLife, begun)) == life
    assert len(codec.encode(snapshot)) > PAYLOAD_BYTES_MAX


def test_what_is_small_is_written_as_it_is() -> None:
    snapshot = msgspec.structs.replace(all_there_may_be(), holdings=(), older_orders=())

    assert pack(snapshot) is snapshot
    assert unpack(snapshot) is snapshot


async def test_a_life_goes_on_from_what_was_packed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "ROWS_PLAIN", 3)
    log, clock = MemoryLog(), a_clock()
    async with living(log, clock) as prism:
        await pass_time(prism, 20)
        clock.advance(SECOND)
        await prism.settle()
        held = prism.venue.floor.all_holdings()
    last = codec.decode(PrismSnapshot, log.records(Stream.PRISM_SNAPSHOT)[-1].content)
    assert last.holdings == ()

    async with living(log, clock) as prism:
        assert prism.venue.life.holdings == held
        check_conserved(prism)
