"""What the page about driving PRISM shows is what PRISM does: every example is run."""

import asyncio
import re
import shutil
from pathlib import Path

import pytest
from tests.unit.prism.test_service import TESS, OwnAccounts

from trade2026.adapters.bus.local import LocalBus
from trade2026.adapters.bus.memory import MemoryLog
from trade2026.core.clock import SystemClock
from trade2026.services import prism
from trade2026.shell.runtime import Surroundings, running

PAGE = Path(__file__).parents[3] / "docs" / "prism.md"
EXAMPLES = re.findall(r"```sh\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
async def test_the_examples_of_the_page_work(tmp_path: Path) -> None:
    bus = LocalBus(MemoryLog(), SystemClock(), with_codec=True)
    around = Surroundings(bus=bus, doorkeeper=OwnAccounts(TESS), data_dir=tmp_path)
    async with running({"PRISM": prism.build}, around, http=True) as runtime:
        await asyncio.sleep(2)
        for example in EXAMPLES:
            if "/fork" in example:
                # The life before has just been reset: let there be a past.
                await asyncio.sleep(1.5)
            shell = await asyncio.create_subprocess_exec(
                "bash",
                "-euc",
                example,
                env={"PRISM": runtime.url("PRISM"), "AUTH": "Authorization: Bearer none"},
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            )
            said, _ = await shell.communicate()
            assert shell.returncode == 0, f"{example}\n{said.decode()}"
    await bus.close()
    assert len(EXAMPLES) >= 5
