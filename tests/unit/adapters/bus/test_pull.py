"""The ordered reader notices what is skipped or repeated, and never hands it on."""

from trade2026.adapters.bus.connection import Connection
from trade2026.adapters.bus.message import Message
from trade2026.adapters.bus.pull import PullSource
from trade2026.model.subjects import Stream

EXPIRED = b"NATS/1.0 408 Request Timeout\r\nNats-Pending-Messages: 3\r\n\r\n"


def _a_source(from_seq: int = 1) -> PullSource:
    # A connection that was never opened: what is taken in needs none.
    connection = Connection("nats://127.0.0.1:1", "u", "p", "test")
    return PullSource(connection, Stream.ORDERS, "orders.event.*", from_seq)


def _delivery(number: int, seq: int, *, pending: int = 0, domain: bool = False) -> Message:
    prefix = "$JS.ACK.hub.acc" if domain else "$JS.ACK"
    reply = f"{prefix}.ORDERS.c.1.{seq}.{number}.1700000000000000000.{pending}"
    reply += ".token" if domain else ""
    return Message("orders.event.a", reply, b"x")


def _heartbeat(*, last_delivery: int) -> bytes:
    head = b"NATS/1.0 100 Idle Heartbeat\r\nNats-Last-Consumer: %d\r\nNats-Last-Stream: 9\r\n\r\n"
    return head % last_delivery


def _taken(source: PullSource) -> list[int]:
    return [source.pop().seq for _ in range(source.pending_count)]


async def test_what_is_in_step_is_handed_on_in_order() -> None:
    source = _a_source()

    for number, seq in ((1, 4), (2, 7), (3, 8)):
        source.take(_delivery(number, seq))

    assert _taken(source) == [4, 7, 8]
    assert source.trouble == ""


async def test_a_delivery_that_is_missing_stops_the_reader_before_what_follows() -> None:
    source = _a_source()

    source.take(_delivery(1, 1))
    source.take(_delivery(3, 3))

    assert _taken(source) == [1]
    assert "delivery 3 of event 3" in source.trouble
    assert source.next_seq == 2


async def test_an_event_that_was_received_before_is_not_handed_on_again() -> None:
    source = _a_source(from_seq=5)

    source.take(_delivery(1, 4))

    assert _taken(source) == []
    assert source.trouble


async def test_a_heartbeat_that_knows_of_more_deliveries_is_trouble() -> None:
    source = _a_source()
    source.take(_delivery(1, 1))

    source.take(Message("i", "", b"", _heartbeat(last_delivery=1)))
    calm = source.trouble
    source.take(Message("i", "", b"", _heartbeat(last_delivery=2)))

    assert calm == ""
    assert "lost on the way" in source.trouble


async def test_a_consumer_that_is_gone_is_trouble_and_a_portion_that_ended_is_not() -> None:
    source = _a_source()

    source.take(Message("i", "", b"", EXPIRED))
    calm = source.trouble
    source.take(Message("i", "", b"", b"NATS/1.0 409 Consumer Deleted\r\n\r\n"))

    assert calm == ""
    assert "409" in source.trouble


async def test_the_longer_reply_of_a_server_with_domains_is_read_too() -> None:
    source = _a_source()

    source.take(_delivery(1, 9, pending=6, domain=True))

    record = source.pop()
    assert (record.seq, record.pending_count) == (9, 6)
    assert record.appended_ns == 1_700_000_000_000_000_000
