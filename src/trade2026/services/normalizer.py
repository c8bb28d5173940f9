"""normalizer: venue messages into one vocabulary; books in sync; bars of 1 s to 1 d."""

from trade2026.adapters.stores.checkpoint import CheckpointFile
from trade2026.desk.normalizing import REJECTS_SHOWN, NormalizerDesk
from trade2026.desk.recent import from_newest
from trade2026.edge.feed import normalizer_routes
from trade2026.model.subjects import FRAME_REJECT, MARKET_RAW, Stream
from trade2026.shell.service import Context, Fold, Service


def build(context: Context) -> Service:
    """Return the normaliser."""
    store = CheckpointFile(context.data_dir / "normalizer" / "checkpoint")
    desk = NormalizerDesk(context.bus, context.clock, context.log, store)
    return Service(
        name=context.name,
        routes=normalizer_routes(desk),
        intakes=[
            Fold(
                subject=FRAME_REJECT,
                handler=desk.on_reject,
                from_seq=from_newest(context.bus, Stream.DEAD_LETTER, back=REJECTS_SHOWN),
            ),
            Fold(subject=MARKET_RAW, handler=desk.on_raw, from_seq=desk.begin),
        ],
        loops=[desk.run],
        stop=desk.save,
    )
