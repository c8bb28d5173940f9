"""A service's folds that begin from snapshots: where these lie, and how the folds are declared."""

from collections.abc import Awaitable, Callable
from typing import Any
from zlib import crc32

from trade2026.adapters.stores.snapshot_files import SnapshotFiles
from trade2026.desk.snapshots import EVENTS_MOST, Keeper, Snapshots
from trade2026.model.subjects import Event
from trade2026.ports.bus import Delivery, PoisonHandler
from trade2026.shell.service import Context, Fold


def snapshot_files(context: Context, fold: str) -> SnapshotFiles:
    """Return where the snapshots of a fold of the service are, in its own folder."""
    return SnapshotFiles(context.data_dir / context.name / f"{fold}.snapshot")


def snapshots_of(context: Context, keeper: Keeper[Any]) -> Snapshots:
    """Return the snapshots of a fold of the service, in its own folder."""
    return Snapshots(
        keeper,
        store=snapshot_files(context, keeper.fold),
        bus=context.bus,
        clock=context.clock,
        log=context.log,
        lead=crc32(keeper.fold.encode()) % EVENTS_MOST,
    )


def fold_behind(
    snapshots: Snapshots,
    subject: Event[Any],
    handler: Callable[[Any, Delivery], Awaitable[None]],
    on_poison: PoisonHandler | None = None,
) -> Fold:
    """Return the declaration of a fold that begins behind the newest snapshot."""
    return Fold(
        subject=subject,
        handler=snapshots.following(subject, handler),
        from_seq=snapshots.begin(subject),
        on_poison=None if on_poison is None else snapshots.pinning(on_poison),
    )
