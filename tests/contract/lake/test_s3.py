"""SeaweedFS keeps the contract of object storage, and so does the lake in it."""

import asyncio
from collections.abc import Generator

import obstore
import pytest
from obstore.store import S3Store
from tests.contract.lake.storage_contract import StorageContract, TickTableContract, opened
from tests.e2e.rig import free_offset
from tests.ticks import seaweed, trades

from trade2026.adapters.infra.seaweedfs import SeaweedServer
from trade2026.adapters.objects.client import ObjectClient
from trade2026.adapters.objects.place import S3Place
from trade2026.core.errors import UnavailableError
from trade2026.shell.addresses import LocalAddresses

pytestmark = pytest.mark.integration

PASSWORD = "not-guessed"


@pytest.fixture(scope="module")
def only_server(tmp_path_factory: pytest.TempPathFactory) -> Generator[SeaweedServer]:
    addresses = LocalAddresses(free_offset())
    server = seaweed(tmp_path_factory.mktemp("objects"), addresses, PASSWORD)
    asyncio.run(server.start())
    yield server
    asyncio.run(server.stop())


@pytest.fixture
async def server(only_server: SeaweedServer) -> SeaweedServer:
    if await only_server.check():
        await only_server.start()
    place = only_server.place
    store = S3Store(
        place.bucket,
        endpoint=place.url,
        access_key_id=place.access_key,
        secret_access_key=place.secret_key,
        client_options={"allow_http": True},
    )
    everything = [one["path"] for one in await obstore.list(store).collect_async()]
    await obstore.delete_async(store, everything)
    return only_server


@pytest.fixture
def place(server: SeaweedServer) -> S3Place:
    return server.place


class TestBucket(StorageContract):
    """The objects."""


class TestLakeInABucket(TickTableContract):
    """The table."""

    async def test_what_cannot_be_stored_stays_held(self, server: SeaweedServer) -> None:
        table = await opened(server.place)
        table.add(trades(1), 1)
        await server.stop()

        with pytest.raises(UnavailableError):
            await table.commit()
        held = table.waiting_rows
        await server.start()

        assert held == 1
        assert await table.commit() == 1


async def test_storage_that_is_away_is_unavailable(server: SeaweedServer) -> None:
    objects = ObjectClient(server.place)
    await server.stop()

    with pytest.raises(UnavailableError, match="HTTP error"):
        await objects.get("a")
    with pytest.raises(UnavailableError):
        await objects.put("a", b"")
    with pytest.raises(UnavailableError):
        await objects.folders("a")
