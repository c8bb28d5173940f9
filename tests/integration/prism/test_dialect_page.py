"""The scripts of the page on the dialect run as they stand there, in a process of their own."""

import asyncio
import re
import sys
from pathlib import Path

import pytest
from tests.integration.prism.site import Site, a_site

pytestmark = pytest.mark.integration

PAGE = Path(__file__).parents[3] / "docs" / "prism-dialect.md"
WITHIN_S = 60.0


def scripts() -> dict[str, str]:
    """Return the scripts of the page by name."""
    found = re.findall(r"```python\n(# (\S+) HOST.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    return {name: text for text, name in found}


async def run(site: Site, name: str, folder: Path) -> str:
    """Run a script of the page as its reader would and return what it printed."""
    key = await site.key()
    script = folder / name
    script.write_text(scripts()[name], "utf-8")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(script),
        site.host,
        key["api_key"],
        key["secret"],
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        printed, _ = await asyncio.wait_for(process.communicate(), WITHIN_S)
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode == 0, printed.decode()
    return printed.decode()


async def test_the_script_trades(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with a_site(tmp_path / "data", monkeypatch) as site:
        printed = await run(site, "trade.py", tmp_path)

    assert "markets: BTC/USDT, ETH/USDT, SOL/USDT" in printed
    assert "cancelled: canceled" in printed
    assert "bought: 0.01 at" in printed
    assert "balance: 1.01 BTC" in printed


async def test_the_script_watches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with a_site(tmp_path / "data", monkeypatch) as site:
        printed = await run(site, "watch.py", tmp_path)

    assert "last trade:" in printed
    assert "told of: sell" in printed


def test_the_page_has_both_scripts_and_they_move_urls_alike() -> None:
    moves = {re.findall(r"def moved.*?\n\n\n", text, re.DOTALL)[0] for text in scripts().values()}

    assert set(scripts()) == {"trade.py", "watch.py"}
    assert len(moves) == 1
