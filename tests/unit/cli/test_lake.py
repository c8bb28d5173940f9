"""`trade2026 lake` reads a lake in a folder when nothing runs, exactly."""

import asyncio
import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.ticks import quotes, trades

from trade2026.adapters.lake.table import DeltaEvents
from trade2026.adapters.lake.tick_rows import TICKS
from trade2026.adapters.objects.place import FolderPlace
from trade2026.cli.lake import lake
from trade2026.core.errors import UnavailableError


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    async def fill() -> None:
        table = DeltaEvents(FolderPlace(path=tmp_path / "objects"), TICKS)
        await table.open("log")
        table.add(trades(1_500_000_000, 2_000_000_001), 1)
        table.add(quotes(3), 2)
        await table.commit()

    (tmp_path / "VERSION").write_text("1\n")
    asyncio.run(fill())
    return tmp_path


def said(data_dir: Path, *words: str) -> str:
    reply = CliRunner().invoke(lake, [*words, "--data-dir", str(data_dir)], catch_exceptions=False)
    assert reply.exit_code == 0, reply.output
    return reply.output


def test_ls_shows_what_each_table_holds(data_dir: Path) -> None:
    (table,) = json.loads(said(data_dir, "ls", "--json"))["tables"]

    assert (table["table"], table["rows"], table["files"]) == ("market_ticks", 3, 1)
    assert (table["first_day"], table["last_day"]) == ("2024-10-04", "2024-10-04")
    assert "market_ticks" in said(data_dir, "ls")


def test_show_prints_exact_numbers_of_the_rows_asked_for(data_dir: Path) -> None:
    lines = said(data_dir, "show", "market_ticks", "--kind", "trade", "--json").splitlines()

    assert [json.loads(line)["trade_id"] for line in lines] == ["1500000000", "2000000001"]
    assert '"px":2.000000001,' in lines[1]


def test_show_is_a_table_with_times_for_people(data_dir: Path) -> None:
    text = said(data_dir, "show", "market_ticks", "--limit", "1")

    assert "2024-10-04 00:00:02.000000" in text
    assert "2.000000001" in text
    assert "1.5" not in text


def test_a_directory_without_a_lake_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="has never held a platform"):
        said(tmp_path, "ls")
    (tmp_path / "VERSION").write_text("1\n")
    with pytest.raises(UnavailableError, match="has no lake yet; start the platform"):
        said(tmp_path, "ls")
