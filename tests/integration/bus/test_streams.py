"""Streams are brought to what the catalogue says, and no change loses an event."""

from collections.abc import AsyncIterator

import msgspec
import pytest
from tests.contract.bus.worlds import PASSWORD, USER
from tests.integration.bus.conftest import Site

from trade2026.adapters.bus.connection import Connection
from trade2026.adapters.bus.jetstream import StreamInfo, call, store
from trade2026.adapters.bus.streams import migrate, migrate_streams
from trade2026.catalogue.streams import STREAMS, StreamSpec
from trade2026.core.errors import StartError
from trade2026.model.subjects import Stream

pytestmark = pytest.mark.integration

ORDERS = next(spec for spec in STREAMS if spec.stream is Stream.ORDERS)


@pytest.fixture
async def connection(site: Site) -> AsyncIterator[Connection]:
    connection = await Connection.open(
        url=site.server.url, user=USER, password=PASSWORD, name="test"
    )
    yield connection
    await connection.close()


async def _info(connection: Connection, stream: Stream = Stream.ORDERS) -> StreamInfo:
    return await call(connection, f"STREAM.INFO.{stream}", None, StreamInfo)


def _changed(**changes: object) -> tuple[StreamSpec, ...]:
    return (msgspec.structs.replace(ORDERS, **changes),)


async def test_every_stream_of_the_catalogue_is_there_on_disk(connection: Connection) -> None:
    infos = [await _info(connection, spec.stream) for spec in STREAMS]

    assert [info.config["subjects"] for info in infos] == [list(s.subjects) for s in STREAMS]
    assert {info.config["storage"] for info in infos} == {"file"}


async def test_again_changes_nothing(site: Site, connection: Connection) -> None:
    before = [await _info(connection, spec.stream) for spec in STREAMS]

    await migrate_streams(site.server.url, USER, PASSWORD)

    assert [await _info(connection, spec.stream) for spec in STREAMS] == before


async def test_a_wider_limit_and_another_subject_keep_what_is_stored(
    connection: Connection,
) -> None:
    await store(connection, "orders.event.a", b"1", headers={}, timeout_s=5)

    await migrate(
        connection,
        _changed(subjects=("orders.event.*", "orders.note.*"), duplicate_window_s=7_200),
    )

    info = await _info(connection)
    assert info.config["subjects"] == ["orders.event.*", "orders.note.*"]
    assert info.state.messages == 1


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"max_age_s": 60}, "max_age"),
        ({"max_bytes": 1}, "max_bytes"),
        ({"max_msgs": 1}, "max_msgs"),
        ({"max_msgs_per_subject": 1}, "max_msgs_per_subject"),
        ({"subjects": ("orders.note.*",)}, "subjects"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_change_that_could_lose_an_event_is_refused(
    connection: Connection, changes: dict[str, object], what: str
) -> None:
    for number in (b"1", b"2"):
        await store(connection, "orders.event.a", number, headers={}, timeout_s=5)

    with pytest.raises(StartError, match=f"ORDERS holds 2 events and the change of its {what} "):
        await migrate(connection, _changed(**changes))

    assert (await _info(connection)).state.messages == 2


async def test_an_empty_stream_may_be_tightened(connection: Connection) -> None:
    await migrate(connection, _changed(max_msgs=5, subjects=("orders.note.*",)))

    info = await _info(connection)
    assert (info.config["max_msgs"], info.config["subjects"]) == (5, ["orders.note.*"])


async def test_a_limit_that_everything_stored_fits_may_be_set(connection: Connection) -> None:
    await store(connection, "orders.event.a", b"1", headers={}, timeout_s=5)

    await migrate(connection, _changed(max_msgs=5))

    assert (await _info(connection)).config["max_msgs"] == 5
