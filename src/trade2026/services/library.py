"""library: strategies and models as versioned things."""

from trade2026.adapters.stores.library import PostgresLibrary
from trade2026.adapters.stores.postgres import Postgres, migrate
from trade2026.desk.deeds import DeedTeller
from trade2026.edge.library import PREFIX, read_routes, write_routes
from trade2026.library.registry import Registry
from trade2026.model.post_trade import LIBRARY_DEED
from trade2026.shell.secrets import Secrets
from trade2026.shell.service import Context, Service


def build(context: Context) -> Service:
    """Return the library."""
    database = Postgres(
        port=context.addresses.port("PostgreSQL"),
        password=Secrets(context.data_dir).get("postgres"),
        clock=context.clock,
    )
    store = PostgresLibrary(database)
    registry = Registry(store, context.clock, context.ids)
    deeds = DeedTeller(
        bus=context.bus,
        subject=LIBRARY_DEED,
        clock=context.clock,
        ids=context.ids,
        log=context.log,
    )

    async def start() -> None:
        await database.open()
        await migrate(database, now_ns=context.clock.now_ns())

    async def ping() -> str:
        return "" if await store.is_reachable() else "PostgreSQL does not answer"

    return Service(
        name=context.name,
        routes=[*write_routes(store, registry, deeds), *read_routes(store)],
        pings={"PostgreSQL": ping},
        health_paths=[f"{PREFIX}/health"],
        start=start,
        stop=store.close,
    )
