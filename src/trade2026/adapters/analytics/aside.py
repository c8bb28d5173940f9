"""Parts of a table that are damaged: set aside, and known until their rows are there again.

ClickHouse itself sets a part aside that it cannot open at its start; it says so in
`system.detached_parts` and goes on without its rows. A part that opens and cannot be read is
found by reading it. Beside each table stands another with the names of the parts whose rows were
looked for in the log again, so that this is done once.

Source: ClickHouse documentation, "system.detached_parts", "Manipulating partitions and parts".
"""

from collections.abc import Sequence

from trade2026.adapters.analytics.client import UNREADABLE, AnalyticsClient
from trade2026.core.errors import QueryRefusedError


class AsideParts:
    """The parts of one table that lie aside."""

    def __init__(self, client: AnalyticsClient, table: str) -> None:
        """Describe them; nothing is asked."""
        self._client = client
        self._table = table
        self._known = _known_of(table)

    async def open(self) -> list[str]:
        """Return the parts whose rows were not looked for yet, by name.

        Raises:
            UnavailableError: no answer.
            QueryRefusedError: ClickHouse said no.
        """
        await self._client.ask(
            f"CREATE TABLE IF NOT EXISTS {self._known} (part String)"
            " ENGINE = MergeTree ORDER BY part"
        )
        found = await self._client.ask(f"SELECT name {_unknown(self._table)} ORDER BY name")
        return found.decode().split()

    async def note(self, parts: Sequence[str]) -> None:
        """Note that the rows of *parts* were looked for.

        Raises:
            UnavailableError: no answer.
            QueryRefusedError: ClickHouse said no.
        """
        await self._client.ask(
            f"INSERT INTO {self._known} (part) FORMAT TabSeparated",
            data="".join(f"{part}\n" for part in parts).encode(),
        )


def looked_for(table: str) -> str:
    """Return the question for how many parts' rows are still looked for in the log."""
    return f"SELECT count() {_unknown(table)}"


def _known_of(table: str) -> str:
    return f"{table}_aside"


def _unknown(table: str) -> str:
    # The name is that of a table of ours.
    return (
        f"FROM system.detached_parts WHERE database = currentDatabase() AND table = '{table}'"  # noqa: S608
        f" AND name NOT IN (SELECT part FROM {_known_of(table)})"
    )


async def set_aside_unreadable(client: AnalyticsClient, table: str) -> list[str]:
    """Read all of *table*, set aside the parts that cannot be read, and return their names.

    Raises:
        UnavailableError: no answer.
        QueryRefusedError: ClickHouse said no, and not because of a damaged part.
    """
    found = await client.ask(
        "SELECT name FROM system.parts"
        " WHERE active AND database = currentDatabase() AND table = {table:String} ORDER BY name",
        parameters={"table": table},
    )
    aside: list[str] = []
    for part in found.decode().split():
        try:
            await client.ask(
                "SELECT * FROM {table:Identifier} WHERE _part = {part:String} FORMAT Null",
                parameters={"table": table, "part": part},
            )
        except QueryRefusedError as error:
            if error.code not in UNREADABLE:
                raise
            await client.ask(f"ALTER TABLE {table} DETACH PART '{part}'")
            aside.append(part)
    return aside
