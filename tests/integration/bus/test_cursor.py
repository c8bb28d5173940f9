"""A cursor's own word, told twice, is no takeover; another's word is one, told once or twice."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest
from tests.contract.bus.worlds import PASSWORD, USER
from tests.integration.bus.conftest import Site

from trade2026.adapters.bus.connection import Connection
from trade2026.adapters.bus.jetstream import Nothing, StreamInfo, call, store
from trade2026.adapters.bus.log import Cursor
from trade2026.adapters.bus.nats_log import EXPECTED_SEQ, MSG_ID, NatsEventLog
from trade2026.model.subjects import Stream

pytestmark = pytest.mark.integration

DURABLE = "sink"
WINDOW_NS = 100_000_000
"""The shortest time for which the server takes note of ids."""


@pytest.fixture
async def connection(site: Site) -> AsyncIterator[Connection]:
    made = await Connection.open(url=site.server.url, user=USER, password=PASSWORD, name="test")
    found = await call(made, f"STREAM.INFO.{Stream.CURSOR}", None, StreamInfo)
    config = found.config | {"duplicate_window": WINDOW_NS}
    await call(made, f"STREAM.UPDATE.{Stream.CURSOR}", config, Nothing)
    yield made
    await made.close()


async def say(connection: Connection, word_id: str, expected: int, seq: int) -> int:
    """Store a word of a cursor whose answer nobody hears, and return where it is."""
    headers = {MSG_ID: word_id, EXPECTED_SEQ: str(expected)}
    data = msgspec.json.encode(Cursor(seq=seq))
    ack = await store(connection, f"cursor.{DURABLE}", data, headers=headers, timeout_s=5)
    # Until the server has forgotten the id.
    await asyncio.sleep(5 * WINDOW_NS / 1e9)
    return ack.seq


async def test_a_word_whose_answer_was_lost_is_our_own(connection: Connection) -> None:
    log = NatsEventLog(connection)
    assert await log.load_cursor(DURABLE) == Cursor()
    await say(connection, f"{connection.inbox}/0", 0, 7)

    assert await log.save_cursor(DURABLE, Cursor(seq=7))
    assert await log.save_cursor(DURABLE, Cursor(seq=8))

    assert (await NatsEventLog(connection).load_cursor(DURABLE)).seq == 8


async def test_anothers_word_is_a_takeover_though_it_says_the_same(connection: Connection) -> None:
    log = NatsEventLog(connection)
    await log.load_cursor(DURABLE)
    await say(connection, "another/0", 0, 7)

    assert not await log.save_cursor(DURABLE, Cursor(seq=7))
    assert not await log.save_cursor(DURABLE, Cursor(seq=9))
    assert (await NatsEventLog(connection).load_cursor(DURABLE)).seq == 7


async def test_another_who_came_after_the_lost_answer_has_it(connection: Connection) -> None:
    log = NatsEventLog(connection)
    await log.load_cursor(DURABLE)
    ours = await say(connection, f"{connection.inbox}/0", 0, 7)
    await say(connection, "another/0", ours, 7)

    assert not await log.save_cursor(DURABLE, Cursor(seq=7))
