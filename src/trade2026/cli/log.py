"""The log of a running platform, for commands that read it."""

from pathlib import Path

from trade2026.adapters.bus.nats import NatsBus
from trade2026.core.clock import SystemClock
from trade2026.core.errors import Trade2026Error
from trade2026.shell.addresses import LocalAddresses
from trade2026.shell.secrets import BUS_SECRET, BUS_USER, Secrets


def require_held(data_dir: Path) -> Secrets:
    """Return the secrets of *data_dir*, and make none.

    Raises:
        Trade2026Error: no platform ever ran there.
    """
    secrets = Secrets(data_dir)
    if not secrets.has(BUS_SECRET):
        raise Trade2026Error(f"{data_dir} has never held a platform")
    return secrets


async def open_log(data_dir: Path, addresses: LocalAddresses, *, name: str) -> NatsBus:
    """Return a bus on the log, which the caller closes; the log knows it by *name*.

    Raises:
        Trade2026Error: no platform ever ran there, or none runs now.
    """
    return await NatsBus.connect(
        url=addresses.url("NATS"),
        user=BUS_USER,
        password=require_held(data_dir).get(BUS_SECRET),
        name=name,
        clock=SystemClock(),
    )
