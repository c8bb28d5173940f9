"""The watchdog as the supervisor sees it: a process of its own, which must not fail unseen."""

import sys
from collections.abc import Mapping
from pathlib import Path

from trade2026.shell.addresses import LocalAddresses
from trade2026.shell.children import ChildServer, ChildSpec, Unit
from trade2026.shell.watchdog import NAME, read_watchdog, watchdog_ping


def watchdog_unit(
    data_dir: Path, addresses: LocalAddresses, environment: Mapping[str, str]
) -> Unit:
    """Return the watchdog; *environment* is the whole of its own.

    It stops first of all: what stops the core on purpose is no reason to pull the switch.
    """

    async def probe() -> str:
        state = read_watchdog(data_dir)
        if state is None or state.pid != server.process.pid:
            return "starting"
        return await watchdog_ping(data_dir)

    log_path = data_dir / "logs" / f"{NAME}.log"
    server = ChildServer(
        ChildSpec(
            name=NAME,
            argv=(
                *(sys.executable, "-m", "trade2026", NAME),
                *("--data-dir", str(data_dir), "--port-offset", str(addresses.port_offset)),
            ),
            log_path=log_path,
            probes={NAME: probe},
            environment=environment,
        )
    )
    return Unit(name=NAME, server=server, log_path=log_path, needs=("NATS",), wave=3)
