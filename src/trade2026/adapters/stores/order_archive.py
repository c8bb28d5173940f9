"""The archive of orders in one SQLite file, which commits while others read.

Write-ahead logging keeps the file whole when the process dies at any moment, and when the
machine does: what the last commits held is then read from the order log again.

Source: sqlite.org/wal.html; sqlite.org/pragma.html#pragma_synchronous, read 2026-11.
"""

import contextlib
import sqlite3
import threading
from collections.abc import Generator, Iterable
from itertools import chain
from pathlib import Path
from typing import Any, Final

from trade2026.core.errors import StartError, StoreDamagedError, UnavailableError
from trade2026.ports.archive import FillRow, OrderRow, RowQuery

FORMAT: Final = 1
"""Of the tables. Another one is thrown away and made again from the log."""
ROWS_AT_ONCE: Final = 100
"""Rows in one statement: after each the thread waits for its turn among all that run Python."""
BUSY_S: Final = 5.0

_TABLES: Final = """
CREATE TABLE orders (
  order_id TEXT PRIMARY KEY, account TEXT NOT NULL, cl_ord_id TEXT, symbol TEXT NOT NULL,
  strategy TEXT NOT NULL, side TEXT NOT NULL, status TEXT NOT NULL, is_open INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE lives (order_id TEXT PRIMARY KEY, content BLOB NOT NULL);
CREATE INDEX orders_by_account ON orders (account, order_id);
CREATE UNIQUE INDEX orders_by_key ON orders (account, cl_ord_id) WHERE cl_ord_id IS NOT NULL;
CREATE INDEX orders_open ON orders (order_id) WHERE is_open = 1;
CREATE TABLE fills (number INTEGER PRIMARY KEY, account TEXT NOT NULL, content BLOB NOT NULL);
CREATE TABLE image (one INTEGER PRIMARY KEY CHECK (one = 1), content BLOB NOT NULL);
"""
# A key that is the order's own id needs no entry of its own: the id finds it.
_PUT_ORDERS: Final = """
INSERT INTO orders VALUES {rows}
ON CONFLICT (order_id) DO UPDATE SET status = excluded.status, is_open = excluded.is_open
"""
_PUT_LIVES: Final = "INSERT OR REPLACE INTO lives VALUES {rows}"
_PUT_FILLS: Final = "INSERT OR REPLACE INTO fills VALUES {rows}"
_LIFE: Final = "SELECT content FROM lives WHERE order_id = ?"


class SqliteOrderArchive:
    """Done orders, open ones as of the last commit, and fills; see `ports.archive`."""

    def __init__(self, path: Path) -> None:
        """Name the file; it is opened at the first call."""
        self._path = path
        self._opened: tuple[sqlite3.Connection, sqlite3.Connection, sqlite3.Connection] | None
        self._opened = None
        self._scan_lock = threading.Lock()

    def load(self) -> bytes | None:
        """Return what the last commit said of itself; see `OrderArchive`."""
        with self._reading() as database:
            row = database.execute("SELECT content FROM image").fetchone()
        return None if row is None else bytes(row[0])

    def open_orders(self) -> list[bytes]:
        """Return the contents of every open order; see `OrderArchive`."""
        query = """
        SELECT content FROM orders LEFT JOIN lives USING (order_id)
        WHERE is_open = 1 ORDER BY order_id
        """
        with self._reading() as database:
            found = [content for (content,) in database.execute(query)]
        if None in found:
            raise StoreDamagedError(f"{self._path}: an open order has no life")
        return found

    def order(self, order_id: str) -> bytes | None:
        """Return the order of that id; see `OrderArchive`."""
        with self._reading() as database:
            row = database.execute(_LIFE, (order_id,)).fetchone()
        return None if row is None else bytes(row[0])

    def order_by_key(self, account: str, cl_ord_id: str) -> bytes | None:
        """Return the account's order of that key; see `OrderArchive`."""
        query = """
        SELECT order_id FROM orders WHERE account = ? AND cl_ord_id = ?
        UNION ALL SELECT order_id FROM orders WHERE order_id = ? AND account = ?
        AND cl_ord_id IS NULL
        """
        with self._reading() as database:
            row = database.execute(query, (account, cl_ord_id, cl_ord_id, account)).fetchone()
        return None if row is None else self.order(row[0])

    def orders(self, query: RowQuery, limit: int) -> list[tuple[str, bytes]]:
        """Return up to *limit* ids and orders, newest id first; see `OrderArchive`."""
        conditions, values = _conditions(query)
        text = f"""
        SELECT order_id, content FROM (
          SELECT order_id FROM orders {conditions} ORDER BY order_id DESC LIMIT ?
        ) JOIN lives USING (order_id) ORDER BY order_id DESC
        """  # noqa: S608 - the conditions are this file's own text.
        with self._scanning() as database:
            return database.execute(text, [*values, limit]).fetchall()

    def fills(self, accounts: tuple[str, ...] | None, after: int, limit: int) -> list[bytes]:
        """Return up to *limit* fills behind *after*, in their order; see `OrderArchive`."""
        whose, values = _among("account", accounts)
        text = f"""
        SELECT content FROM fills WHERE number > ? {whose} ORDER BY number LIMIT ?
        """  # noqa: S608 - the condition is this file's own text.
        with self._scanning() as database:
            return [row[0] for row in database.execute(text, [after, *values, limit])]

    def commit(self, orders: Iterable[OrderRow], fills: Iterable[FillRow], image: bytes) -> None:
        """Keep the rows and the image together; see `OrderArchive`."""
        places: list[tuple[Any, ...]] = []
        lives: list[tuple[Any, ...]] = []
        for row in orders:
            key = None if row.cl_ord_id == row.order_id else row.cl_ord_id
            place = (row.order_id, row.account, key, row.symbol, row.strategy)
            places.append((*place, row.side, row.status, row.is_open))
            lives.append((row.order_id, row.content))
        filled = [(fill.number, fill.account, fill.content) for fill in fills]
        with self._damage_told(), self._connections()[2] as database:
            _put(database, _PUT_ORDERS, places)
            _put(database, _PUT_LIVES, lives)
            _put(database, _PUT_FILLS, filled)
            database.execute("INSERT OR REPLACE INTO image VALUES (1, ?)", (image,))

    def reset(self) -> None:
        """Throw everything away and begin anew; see `OrderArchive`."""
        self.close()
        for end in ("", "-wal", "-shm"):
            Path(f"{self._path}{end}").unlink(missing_ok=True)

    def close(self) -> None:
        """Let go of the file; see `OrderArchive`."""
        opened, self._opened = self._opened, None
        for database in opened or ():
            # A damaged file may refuse even that.
            with contextlib.suppress(sqlite3.Error):
                database.close()

    def _connections(self) -> tuple[sqlite3.Connection, sqlite3.Connection, sqlite3.Connection]:
        """Return who looks up, who scans and who writes: each is one thread's at a time."""
        if self._opened is None:
            try:
                self._path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise StartError(f"cannot write {self._path.parent}: {error}") from error
            self._opened = (self._connection(), self._connection(), self._connection())
        return self._opened

    def _connection(self) -> sqlite3.Connection:
        with contextlib.ExitStack() as undo:
            database = sqlite3.connect(self._path, timeout=BUSY_S, check_same_thread=False)
            undo.callback(database.close)
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = NORMAL")
            _make_tables(database)
            undo.pop_all()
        return database

    @contextlib.contextmanager
    def _reading(self) -> Generator[sqlite3.Connection]:
        with self._damage_told():
            yield self._connections()[0]

    @contextlib.contextmanager
    def _scanning(self) -> Generator[sqlite3.Connection]:
        with self._damage_told(), self._scan_lock:
            yield self._connections()[1]

    @contextlib.contextmanager
    def _damage_told(self) -> Generator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            # A full disk or a locked file is not a damaged one: later it may be well again.
            raise UnavailableError(f"{self._path}: {error}") from error
        except sqlite3.DatabaseError as error:
            raise StoreDamagedError(f"{self._path}: {error}") from error


def _put(database: sqlite3.Connection, statement: str, rows: list[tuple[Any, ...]]) -> None:
    for first in range(0, len(rows), ROWS_AT_ONCE):
        some = rows[first : first + ROWS_AT_ONCE]
        one = f"({', '.join('?' * len(some[0]))})"
        text = statement.format(rows=", ".join([one] * len(some)))
        database.execute(text, list(chain.from_iterable(some)))


def _make_tables(database: sqlite3.Connection) -> None:
    found = database.execute("PRAGMA user_version").fetchone()[0]
    if found == 0:
        database.executescript(f"BEGIN;{_TABLES}PRAGMA user_version = {FORMAT};COMMIT;")
    elif found != FORMAT:
        raise StoreDamagedError(f"format {found} is not {FORMAT}")


def _conditions(query: RowQuery) -> tuple[str, list[Any]]:
    whose, values = _among("account", query.accounts)
    parts = ["WHERE 1", whose]
    for column, wanted in (
        ("symbol", query.symbol),
        ("strategy", query.strategy),
        ("side", query.side),
        ("status", query.status),
    ):
        if wanted is not None:
            parts.append(f"AND {column} = ?")
            values.append(wanted)
    if query.before is not None:
        parts.append("AND order_id < ?")
        values.append(query.before)
    return " ".join(parts), values


def _among(column: str, wanted: tuple[str, ...] | None) -> tuple[str, list[Any]]:
    if wanted is None:
        return "", []
    places = ", ".join("?" for _ in wanted)
    return f"AND {column} IN ({places})", list(wanted)
