"""The archive of orders finds what it was given, whole or not at all."""

import sqlite3
from collections.abc import Generator
from pathlib import Path

import msgspec
import pytest

from trade2026.adapters.stores.order_archive import ROWS_AT_ONCE, SqliteOrderArchive
from trade2026.core.errors import StartError, StoreDamagedError, UnavailableError
from trade2026.ports.archive import FillRow, OrderRow, RowQuery


def a_row(number: int, **changes: object) -> OrderRow:
    row = OrderRow(
        order_id=f"order-{number}",
        account="default",
        cl_ord_id=f"key-{number}",
        symbol="BTCUSDT",
        strategy="manual",
        side="BUY",
        status="FILLED",
        is_open=False,
        content=f"life-{number}".encode(),
    )
    return msgspec.structs.replace(row, **changes)


def a_fill_row(number: int, account: str = "default") -> FillRow:
    return FillRow(number=number, account=account, content=f"fill-{number}".encode())


@pytest.fixture
def archive(tmp_path: Path) -> Generator[SqliteOrderArchive]:
    """Return an empty archive."""
    made = SqliteOrderArchive(tmp_path / "oms" / "orders.db")
    yield made
    made.close()


def test_a_new_archive_holds_nothing(archive: SqliteOrderArchive) -> None:
    assert archive.load() is None
    assert archive.order("order-1") is None
    assert archive.order_by_key("default", "key-1") is None
    assert archive.open_orders() == []


def test_what_was_committed_is_found_by_id_and_by_key_after_it_was_opened_again(
    tmp_path: Path, archive: SqliteOrderArchive
) -> None:
    archive.commit([a_row(1), a_row(2, cl_ord_id="order-2", is_open=True)], [], b"image")
    archive.close()
    again = SqliteOrderArchive(tmp_path / "oms" / "orders.db")

    assert again.load() == b"image"
    assert again.order("order-1") == b"life-1"
    assert again.order_by_key("default", "key-1") == b"life-1"
    assert again.order_by_key("default", "order-2") == b"life-2"
    assert again.order_by_key("other", "order-2") is None
    assert again.order_by_key("other", "key-1") is None
    # The id of an order that has a key of its own is not its key.
    assert again.order_by_key("default", "order-1") is None
    assert again.open_orders() == [b"life-2"]
    again.close()


def test_an_order_that_is_committed_again_is_replaced(archive: SqliteOrderArchive) -> None:
    archive.commit([a_row(1, status="SENT", is_open=True)], [], b"first")
    archive.commit([a_row(1, content=b"more")], [], b"second")

    assert archive.order("order-1") == b"more"
    assert archive.open_orders() == []
    assert archive.orders(RowQuery(status="SENT"), 10) == []
    assert archive.load() == b"second"


def test_orders_are_searched_newest_first_by_everything(archive: SqliteOrderArchive) -> None:
    rows = [
        a_row(1),
        a_row(2, account="other"),
        a_row(3, symbol="ETHUSDT"),
        a_row(4, strategy="alpha"),
        a_row(5, side="SELL"),
        a_row(6, status="CANCELLED"),
    ]
    archive.commit(rows, [], b"image")

    def numbers(limit: int = 10, **query: object) -> list[str]:
        return [i[-1] for i, _ in archive.orders(msgspec.convert(query, RowQuery), limit)]

    assert numbers() == ["6", "5", "4", "3", "2", "1"]
    assert numbers(limit=2, before="order-5") == ["4", "3"]
    assert numbers(accounts=("other", "nobody")) == ["2"]
    assert numbers(accounts=()) == []
    assert numbers(symbol="ETHUSDT") == ["3"]
    assert numbers(strategy="alpha") == ["4"]
    assert numbers(side="SELL") == ["5"]
    assert numbers(status="CANCELLED") == ["6"]
    assert archive.orders(RowQuery(), 1) == [("order-6", b"life-6")]


def test_fills_come_in_their_order_behind_a_number(archive: SqliteOrderArchive) -> None:
    archive.commit([], [a_fill_row(1), a_fill_row(2, "other"), a_fill_row(3)], b"image")

    assert archive.fills(None, 1, 10) == [b"fill-2", b"fill-3"]
    assert archive.fills(None, 0, 1) == [b"fill-1"]
    assert archive.fills(("default",), 1, 10) == [b"fill-3"]


def test_a_commit_that_breaks_off_leaves_what_was_before(archive: SqliteOrderArchive) -> None:
    archive.commit([a_row(1)], [], b"first")

    def dying() -> Generator[OrderRow]:
        yield a_row(2)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        archive.commit(dying(), [], b"second")

    assert archive.load() == b"first"
    assert archive.order("order-2") is None


def test_what_stands_in_the_file_is_read_while_somebody_commits(
    archive: SqliteOrderArchive,
) -> None:
    archive.commit([a_row(1)], [], b"first")

    def looking() -> Generator[OrderRow]:
        yield a_row(2)
        assert archive.order("order-1") == b"life-1"
        assert [i for i, _ in archive.orders(RowQuery(), 10)] == ["order-1"]

    archive.commit(looking(), [], b"second")

    assert [i for i, _ in archive.orders(RowQuery(), 10)] == ["order-2", "order-1"]


def test_a_file_that_is_no_archive_is_damaged_and_begins_anew_when_told(
    tmp_path: Path, archive: SqliteOrderArchive
) -> None:
    path = tmp_path / "oms" / "orders.db"
    path.parent.mkdir()
    path.write_bytes(b"not a database" * 100)

    with pytest.raises(StoreDamagedError):
        archive.load()
    archive.reset()

    assert archive.load() is None


def test_more_rows_than_fit_into_a_statement_are_all_kept(archive: SqliteOrderArchive) -> None:
    count = 2 * ROWS_AT_ONCE + 1

    archive.commit(
        [a_row(n) for n in range(count)], [a_fill_row(n) for n in range(count)], b"image"
    )

    assert len(archive.orders(RowQuery(), limit=2 * count)) == count
    assert len(archive.fills(None, after=-1, limit=2 * count)) == count


def test_an_archive_of_another_format_is_told(tmp_path: Path, archive: SqliteOrderArchive) -> None:
    archive.load()
    archive.close()
    with sqlite3.connect(tmp_path / "oms" / "orders.db") as database:
        database.execute("PRAGMA user_version = 99")
    database.close()

    with pytest.raises(StoreDamagedError, match="format 99"):
        archive.load()


def test_a_file_that_does_not_answer_now_is_not_damaged(
    tmp_path: Path, archive: SqliteOrderArchive
) -> None:
    archive.commit([a_row(1)], [], b"image")
    with sqlite3.connect(tmp_path / "oms" / "orders.db") as database:
        database.execute("DROP TABLE fills")
    database.close()

    with pytest.raises(UnavailableError) as told:
        archive.fills(None, 0, 1)
    assert not isinstance(told.value, StoreDamagedError)


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "oms").write_text("a file")

    with pytest.raises(StartError):
        SqliteOrderArchive(tmp_path / "oms" / "orders.db").load()
