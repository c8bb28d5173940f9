"""Run a stand-in for the gateway, as `trade2026 run gateway` would, in a process of its own.

Its routes let a test hold a request, break an invariant, or look at the folded events.
Arguments: the data directory and the port offset.
"""

import asyncio
import sys
from pathlib import Path
from types import ModuleType

from litestar import get, post

from trade2026.core.errors import StartError
from trade2026.model.risk import RiskControl
from trade2026.model.subjects import RISK_CONTROL
from trade2026.ports.bus import Delivery
from trade2026.shell.access import public
from trade2026.shell.logs import LogFormat
from trade2026.shell.runner import RunOptions, run_process
from trade2026.shell.service import Context, Fold, Service

HELD_S = 1.0


def build(context: Context) -> Service:
    """Return the stand-in."""
    crash = asyncio.Event()
    folded: list[str] = []

    async def on_control(control: RiskControl, _: Delivery) -> None:
        folded.append(control.control_id)

    @get("/held", opt=public())
    async def held() -> str:
        await asyncio.sleep(HELD_S)
        return "done"

    @get("/folded", opt=public())
    async def show() -> list[str]:
        return folded

    @post("/crash", opt=public())
    async def break_loop() -> None:
        crash.set()

    async def loop() -> None:
        await crash.wait()
        raise KeyError("unforeseen")

    async def start() -> None:
        if (context.data_dir / "newer").exists():
            raise StartError("the data directory is newer than this program")

    async def stop() -> None:
        (context.data_dir / "stopped").touch()

    return Service(
        name=context.name,
        routes=[held, show, break_loop],
        intakes=[Fold(subject=RISK_CONTROL, handler=on_control)],
        start=start,
        loops=[loop],
        stop=stop,
    )


def main() -> int:
    """Run it in the gateway's place."""
    module = ModuleType("trade2026.services.gateway")
    module.__dict__["build"] = build
    sys.modules[module.__name__] = module
    data_dir, port_offset = Path(sys.argv[1]), int(sys.argv[2])
    options = RunOptions(data_dir=data_dir, port_offset=port_offset, log_format=LogFormat.JSON)
    return run_process(["gateway"], options)


if __name__ == "__main__":
    sys.exit(main())
