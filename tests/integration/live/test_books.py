"""A live fill in the platform's books, with the exchange's fee, under the venue's own name."""

import csv
import io
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from pypdf import PdfReader
from tests.integration.live.site import Rig, a_rig, eventually

pytestmark = [
    pytest.mark.integration,
    pytest.mark.filterwarnings("ignore:Unclosed:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncGenerator[Rig]:
    async with a_rig(tmp_path) as rig:
        yield rig


def rows(text: str, title: str) -> list[dict[str, str]]:
    lines = list(csv.reader(io.StringIO(text)))
    columns, found = lines[lines.index([title]) + 1], list[dict[str, str]]()
    for line in lines[lines.index([title]) + 2 :]:
        if not line:
            break
        found.append(dict(zip(columns, line, strict=True)))
    return found


async def test_a_live_fill_stands_in_every_book(rig: Rig) -> None:
    async with rig.platform() as desk:
        await desk.raise_to("LIVE")
        order = await desk.until(await desk.send(type="MARKET", price=None), "FILLED")
        fills = await desk.fills()

        async def is_booked() -> bool:
            return bool((await desk.ptrc.get("/positions?account=real")).json())

        await eventually(is_booked)
        (position,) = (await desk.ptrc.get("/positions?account=real")).json()
        paid = sum(Decimal(str(fill["fee"])) for fill in fills)
        assert (position["venue"], position["quantity"]) == ("LIVE", 0.01)
        assert Decimal(str(position["fees"])) == paid > 0

        owed = (await desk.ptrc.get(f"/settlement/{fills[0]['exec_id']}")).json()
        assert owed["status"] == "SETTLED"

        day = f"{datetime.now(UTC):%Y-%m-%d}"  # noqa: TID251 - the day of the test.
        query = f"/reports/statement?day={day}&account=real"
        table = (await desk.ptrc.get(query)).text
        trades = rows(table, "Trades")
        assert {row["symbol"] for row in trades} == {"BTCUSDT@LIVE"}
        assert {row["fee in"] for row in trades} == {"USDT"}
        assert {row["execution"] for row in trades} == {fill["exec_id"] for fill in fills}
        assert sum(Decimal(row["fee"]) for row in trades) == paid
        (held,) = rows(table, "Positions")
        assert (held["venue"], Decimal(held["quantity"])) == ("LIVE", Decimal("0.01"))
        page = await desk.ptrc.get(f"{query}&form=pdf")
        text = "".join(one.extract_text() for one in PdfReader(io.BytesIO(page.content)).pages)
        assert "LIVE" in text

        async def agrees() -> bool:
            found = (await desk.ptrc.get("/reconciliation?venue=LIVE")).json()
            assert found["venue"] == "LIVE", found
            return not found["differences"] and not found["orders"] and found["compared"] > 0

        await eventually(agrees)
        assert order["venue"] == "LIVE"
