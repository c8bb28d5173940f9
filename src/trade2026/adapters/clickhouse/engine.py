"""The embedded engine: one process may open its folder, and every request gets a session.

A session of its own, because the engine leaves things behind in one: settings, the current
database, and after an error even a part of the failed answer, which the next query of that
session would be given. Opening one takes less than a millisecond.

The library's own package is passed by: at its import it loads Arrow and NumPy, 50 MB that this
process does not need.

Source: chdb-core-lite 26.5, whose engine is ClickHouse 26.5.
"""

import importlib.machinery
import importlib.util
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, cast

import msgspec

from trade2026.adapters.clickhouse.rights import (
    CONFIG_FILE,
    DATABASE,
    FILES_FOLDER,
    USERS_FILE,
    config_xml,
    users_xml,
)
from trade2026.adapters.clickhouse.statement import Statement
from trade2026.core.errors import QueryRefusedError, StartError

PACKAGE: Final = "chdb"
_LIBRARY: Final = "_chdb.abi3.so"
_STORE: Final = "data"
_SPOOL: Final = "spool"
_CODE: Final = re.compile(r"^Code: (\d+)\. ")
_NO_SPACE_CODE: Final = 243
"""NOT_ENOUGH_SPACE in ClickHouse's list, which is what it nearly always is."""
_ASIDE: Final = (
    "SELECT concat(table, '/', name) FROM system.detached_parts"
    " WHERE database = {database:String} AND reason LIKE 'broken%' ORDER BY table, name"
)
_UNKNOWN_CODE: Final = 1002
"""UNKNOWN_EXCEPTION in ClickHouse's list."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked besides the statement."""

    data: bytes = b""
    """Of an INSERT."""
    may_write: bool = False
    database: str = DATABASE
    default_format: str = "TabSeparated"
    parameters: dict[str, str] = {}
    settings: dict[str, str] = {}


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the engine said."""

    body: bytes
    read_rows: int


class Engine:
    """The engine on one folder. Its calls block: they are made from threads, several at once."""

    def __init__(self, folder: Path) -> None:
        """Open or make the store in *folder*, which becomes the working directory.

        Raises:
            StartError: another process has it open, it is damaged, it cannot be written, or
                there is no library.
        """
        try:
            _prepare(folder)
        except OSError as error:
            why = f"cannot write in {folder}: {error.strerror}"
            raise StartError(f"{why}; make room, or make it a folder that can be written") from None
        # The engine takes its paths out of one text: none of the user's may be in it.
        os.chdir(folder)
        self._connect: Any = _load().connect
        self._spooled = iter(range(2**63))
        try:
            # Stays open: with the last session the engine would close its store.
            self._anchor: Any = self._connect(f"{_STORE}?config-file={CONFIG_FILE}")
            self._anchor.query(f"CREATE DATABASE IF NOT EXISTS {DATABASE}", "Null", params={})
            found = self._anchor.query("SELECT version()", "TabSeparated", params={})
        except RuntimeError as error:
            why = f"the store in {folder} cannot be opened ({_first_line(str(error))})"
            raise StartError(
                f"{why}; its log says why. To begin anew, move that folder away and start again:"
                " what the log of events still has is stored anew"
            ) from None
        self.version: str = found.bytes().decode().strip()

    def set_aside(self) -> list[str]:
        """Return the parts that could not be opened, now or once, as `table/part`."""
        found = self._anchor.query(_ASIDE, "TabSeparated", params={"database": DATABASE})
        return found.bytes().decode().split()

    def run(self, statement: Statement, asked: Asked) -> Answer:
        """Return the engine's answer.

        Raises:
            QueryRefusedError: the engine refused or failed.
        """
        session = self._connect(f"{_STORE}?config-file={CONFIG_FILE}")
        try:
            for text in _preparation(asked):
                session.query(text, "Null", params={})
            if statement.input_format:
                return self._insert(session, statement, asked.data)
            return _answer(
                session.query(statement.text, asked.default_format, params=asked.parameters)
            )
        except RuntimeError as error:
            text = str(error)
            code = _CODE.match(text)
            raise QueryRefusedError(int(code.group(1)) if code else _UNKNOWN_CODE, text) from None
        except OSError as error:
            why = f"the data cannot be kept: {error.strerror} (NOT_ENOUGH_SPACE)"
            raise QueryRefusedError(_NO_SPACE_CODE, why) from None
        finally:
            session.close()

    def close(self) -> None:
        """Close the store."""
        self._anchor.close()

    def _insert(self, session: Any, statement: Statement, data: bytes) -> Answer:  # noqa: ANN401
        # The engine reads the data of an INSERT from a file and from nowhere else, whole.
        path = Path(_SPOOL) / str(next(self._spooled))
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
            source = f"FROM INFILE '{path}' COMPRESSION 'none' FORMAT {statement.input_format}"
            return _answer(session.query(f"{statement.text} {source}", "Null", params={}))
        finally:
            path.unlink()


def _prepare(folder: Path) -> None:
    for name in (_SPOOL, FILES_FOLDER):
        (folder / name).mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in (folder / _SPOOL).iterdir():
        left.unlink()
    (folder / CONFIG_FILE).write_text(config_xml(), "utf-8")
    (folder / USERS_FILE).write_text(users_xml(), "utf-8")


def _preparation(asked: Asked) -> list[str]:
    """Return what is said in a new session first; to read only cannot be taken back."""
    database = asked.database.replace("`", "")
    settings = (f"SET {name} = {_quoted(value)}" for name, value in asked.settings.items())
    return [f"USE `{database}`", *settings, *([] if asked.may_write else ["SET readonly = 1"])]


def _quoted(value: str) -> str:
    inner = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{inner}'"


def _answer(result: Any) -> Answer:  # noqa: ANN401 - the library comes without types
    return Answer(body=result.bytes() or b"", read_rows=result.rows_read())


def _first_line(text: str) -> str:
    return text.strip().splitlines()[0][:300] if text.strip() else "no reason given"


def _load() -> Any:  # noqa: ANN401 - the library comes without types
    found = importlib.util.find_spec(PACKAGE)
    folders = list(found.submodule_search_locations or ()) if found else []
    library = next((Path(f) / _LIBRARY for f in folders if (Path(f) / _LIBRARY).exists()), None)
    if library is None:
        raise StartError("no embedded ClickHouse that runs here; run: make setup")
    name = f"{PACKAGE}._chdb"
    loader = importlib.machinery.ExtensionFileLoader(name, str(library))
    spec = importlib.util.spec_from_loader(name, loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return cast("Any", module)


def parameters_of(query: Mapping[str, str]) -> dict[str, str]:
    """Return the values of a query's ``{name:Type}``, given as ``param_name``."""
    prefix = "param_"
    return {
        name.removeprefix(prefix): value for name, value in query.items() if name.startswith(prefix)
    }
