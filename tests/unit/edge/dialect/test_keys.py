"""Keys outlive the process, for their owner's eyes only, and are gone once revoked."""

import asyncio
import os
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import pytest
from tests.doors import OpenDoor

from trade2026.adapters.bus.local import LocalBus
from trade2026.adapters.bus.memory import MemoryLog
from trade2026.core.clock import SystemClock
from trade2026.core.errors import RefusedError, StartError
from trade2026.edge.dialect.keys import KEYS_MAX, KEYS_OF_ACCOUNT_MAX, KEYS_SECRET, ApiKey, KeyStore
from trade2026.model.prism import PrismInput
from trade2026.model.subjects import PRISM_INPUT
from trade2026.ports.bus import Delivery
from trade2026.services import prism
from trade2026.shell.runtime import Surroundings, running
from trade2026.shell.secrets import SecretFile


def a_store(tmp_path: Path) -> KeyStore:
    return KeyStore(SecretFile(tmp_path, KEYS_SECRET))


async def nothing() -> None:
    """Need nothing before a key."""


async def a_key(
    store: KeyStore,
    account: str = "bot",
    prepare: Callable[[], Awaitable[None]] = nothing,
    *,
    by: str = "tess",
    expires_ns: int | None = None,
) -> ApiKey:
    return await store.create(
        account=account,
        label="",
        created_by=by,
        now_ns=1,
        expires_ns=expires_ns,
        prepare=prepare,
    )


async def test_a_key_is_found_by_the_next_process_until_it_is_revoked(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    kept, gone = await a_key(store), await a_key(store)
    await store.revoke(gone.api_key)

    later = a_store(tmp_path)

    assert later.all() == [kept]
    assert later.find(kept.api_key, 1) == kept
    assert later.find(gone.api_key, 1) is None
    assert len({kept.api_key, kept.secret, gone.api_key, gone.secret}) == 4


async def test_a_key_is_good_until_its_time_is_over_and_stays_in_the_file(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    short, always = await a_key(store, expires_ns=10), await a_key(store)

    later = a_store(tmp_path)

    assert [later.find(short.api_key, now_ns) for now_ns in (9, 10)] == [short, None]
    assert later.find(always.api_key, 10**20) == always
    # A clock that was wrong and is right again takes nothing away.
    asked_ns = (9, 10, 11, 9, 10)
    assert [later.expire(now_ns) for now_ns in asked_ns] == [
        [],
        [short.api_key],
        [],
        [],
        [short.api_key],
    ]
    assert later.all() == [short, always]


async def test_the_keys_that_a_user_made_are_found_and_revoked_together(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    kept = await a_key(store)
    gone = [await a_key(store, account, by="leo") for account in ("bot", "other")]

    assert store.made_by("leo") == gone
    await store.revoke(*(key.api_key for key in gone))

    assert store.made_by("leo") == []
    assert store.all() == a_store(tmp_path).all() == [kept]


async def test_a_key_of_before_keys_had_an_end_is_read_and_has_none(tmp_path: Path) -> None:
    old = b'[{"api_key":"k","secret":"s","account":"a","label":"","created_ns":1,"created_by":"t"}]'
    SecretFile(tmp_path, KEYS_SECRET).save(old)

    assert [key.expires_ns for key in a_store(tmp_path).all()] == [None]


async def test_only_the_owner_can_read_the_file_and_no_draft_is_left(tmp_path: Path) -> None:
    await a_key(a_store(tmp_path))
    folder = tmp_path / "secrets"

    assert folder.stat().st_mode & 0o777 == 0o700
    assert [path.name for path in folder.iterdir()] == [KEYS_SECRET]
    assert (folder / KEYS_SECRET).stat().st_mode & 0o777 == 0o600
    (folder / KEYS_SECRET).chmod(0o640)
    with pytest.raises(StartError, match="others may read"):
        a_store(tmp_path)


async def test_what_cannot_be_written_makes_no_key(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    await a_key(store)
    # A folder stands where the draft would be written.
    secrets = tmp_path / "secrets"
    for path in secrets.iterdir():
        path.unlink()
    secrets.rmdir()
    secrets.write_text("")

    with pytest.raises(OSError, match="secrets"):
        await a_key(store)

    assert len(store.all()) == 1


async def test_a_revocation_that_is_not_saved_counts_and_can_be_asked_for_again(
    tmp_path: Path,
) -> None:
    store = a_store(tmp_path)
    key = await a_key(store)
    # A folder stands where the draft would be written.
    draft = tmp_path / "secrets" / f".{KEYS_SECRET}.{os.getpid()}"
    draft.mkdir()

    for _ in range(2):
        with pytest.raises(OSError, match=KEYS_SECRET):
            await store.revoke(key.api_key)
        assert store.find(key.api_key, 1) is None
        assert store.find_to_revoke(key.api_key) == key
        assert a_store(tmp_path).find(key.api_key, 1) == key

    draft.rmdir()
    await store.revoke(key.api_key)
    assert store.find_to_revoke(key.api_key) is None
    assert a_store(tmp_path).all() == []


async def test_a_key_that_is_revoked_while_the_file_is_written_does_not_come_back(
    tmp_path: Path,
) -> None:
    class SlowFile(SecretFile):
        def save(self, content: bytes) -> None:
            assert moved.wait(5)
            super().save(content)

    moved = threading.Event()
    moved.set()
    store = KeyStore(SlowFile(tmp_path, KEYS_SECRET))
    gone = await a_key(store)
    moved.clear()
    making = asyncio.ensure_future(a_key(store))
    await asyncio.sleep(0)
    revoking = asyncio.ensure_future(store.revoke(gone.api_key))
    await asyncio.sleep(0)

    assert store.find(gone.api_key, 1) is None
    moved.set()
    made, _ = await asyncio.gather(making, revoking)
    assert store.all() == a_store(tmp_path).all() == [made]


async def test_an_account_has_so_many_keys_and_no_more(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    keys = [await a_key(store) for _ in range(KEYS_OF_ACCOUNT_MAX)]
    prepared: list[str] = []

    async def note() -> None:
        prepared.append("bot")

    with pytest.raises(RefusedError, match="revoke one"):
        await a_key(store, prepare=note)

    assert prepared == []

    assert await a_key(store, "other")
    await store.revoke(keys[0].api_key)
    assert await a_key(store)


async def test_no_more_are_prepared_at_once_than_there_is_room_for(tmp_path: Path) -> None:
    prepared: list[str] = []
    store = a_store(tmp_path)

    async def fail() -> None:
        prepared.append("bot")
        await asyncio.sleep(0)
        raise RefusedError("no balance")

    asked = [a_key(store, prepare=fail) for _ in range(KEYS_OF_ACCOUNT_MAX + 1)]
    await asyncio.gather(*asked, return_exceptions=True)

    assert len(prepared) == KEYS_OF_ACCOUNT_MAX
    assert store.all() == []
    assert await a_key(store)


async def test_a_key_shows_no_secret_where_it_is_printed(tmp_path: Path) -> None:
    key = await a_key(a_store(tmp_path))

    assert key.secret not in repr(key)
    assert key.secret not in f"{key} {[key]}"


async def test_the_loop_goes_on_while_the_file_is_written_and_no_key_is_lost(
    tmp_path: Path,
) -> None:
    class SlowFile(SecretFile):
        def save(self, content: bytes) -> None:
            assert threading.current_thread() is not threading.main_thread()
            assert moved.wait(5)
            super().save(content)

    moved = threading.Event()
    store = KeyStore(SlowFile(tmp_path, KEYS_SECRET))
    making = [asyncio.ensure_future(a_key(store)) for _ in range(KEYS_OF_ACCOUNT_MAX + 1)]
    await asyncio.sleep(0)
    moved.set()
    made = await asyncio.gather(*making, return_exceptions=True)

    assert [type(one) for one in made].count(RefusedError) == 1
    assert len(a_store(tmp_path).all()) == KEYS_OF_ACCOUNT_MAX


async def test_who_gets_no_key_gets_no_balance_either(tmp_path: Path) -> None:
    funded: list[str] = []

    async def note(message: PrismInput, _: Delivery) -> None:
        if message.funding is not None:
            funded.append(message.funding.account)

    keys = [
        ApiKey(api_key=f"k{n}", secret="s", account=f"a{n}", label="", created_ns=1, created_by="t")
        for n in range(KEYS_MAX)
    ]
    SecretFile(tmp_path, KEYS_SECRET).save(msgspec.json.encode(keys))
    bus = LocalBus(MemoryLog(), SystemClock(), with_codec=True)
    around = Surroundings(bus=bus, doorkeeper=OpenDoor(), data_dir=tmp_path)
    async with running({"PRISM": prism.build}, around) as runtime:
        client = runtime.client("PRISM")
        refused = await client.post("/keys", json={"account": "late"})
        await client.delete("/keys/k0")
        made = await client.post("/keys", json={"account": "later"})
        subscription = await bus.fold(PRISM_INPUT, note, from_seq=1)
        await subscription.stop()
    await bus.close()

    assert (refused.status_code, made.status_code) == (409, 201)
    assert funded == ["later"]
