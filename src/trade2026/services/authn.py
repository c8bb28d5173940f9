"""authn: users, tokens and the keys that verify them."""

import asyncio
from functools import partial
from typing import Final

from trade2026.adapters.stores.memory import MemoryCache
from trade2026.adapters.stores.postgres import Postgres, migrate
from trade2026.adapters.stores.users import PostgresUsers
from trade2026.adapters.stores.valkey import ValkeyCache
from trade2026.core.errors import UnavailableError
from trade2026.desk.deeds import DeedTeller
from trade2026.edge.passwords import Passwords
from trade2026.edge.revocations import Revocations
from trade2026.edge.sender import EDGE_SECRET, Senders
from trade2026.edge.signin import SignIn, SignInSettings
from trade2026.edge.signin_routes import token_routes, user_routes
from trade2026.edge.throttle import Lockout, Throttle
from trade2026.edge.users import ADMIN, UserAdministration
from trade2026.model.post_trade import AUTHN_DEED
from trade2026.ports.cache import Cache
from trade2026.ports.users import Users
from trade2026.shell.secrets import Secrets
from trade2026.shell.service import Context, Ping, Service
from trade2026.shell.signing import KeyRing

HOUSEKEEPING_S: Final = 3600.0
_S_PER_DAY: Final = 86_400


def build(context: Context) -> Service:
    """Return authn."""
    clock, ids, addresses = context.clock, context.ids, context.addresses
    settings = context.settings(SignInSettings, context.name)
    secrets = Secrets(context.data_dir)
    database = Postgres(
        port=addresses.port("PostgreSQL"), password=secrets.get("postgres"), clock=clock
    )
    users = PostgresUsers(database)
    cache = ValkeyCache(port=addresses.port("Valkey"), password=secrets.get("valkey"))
    senders = Senders(secrets.get(EDGE_SECRET))
    fallback = MemoryCache(clock)
    keys = KeyRing(context.data_dir / "secrets", clock, ids)
    passwords = Passwords()
    revocations = Revocations(clock)
    administration = UserAdministration(
        users=users, passwords=passwords, revocations=revocations, clock=clock, ids=ids
    )
    deeds = DeedTeller(bus=context.bus, subject=AUTHN_DEED, clock=clock, ids=ids, log=context.log)
    signin = SignIn(
        users=users,
        throttle=Throttle(cache, fallback),
        lockout=Lockout(cache, fallback, failures_max=settings.failures_max),
        revocations=revocations,
        passwords=passwords,
        keys=keys,
        clock=clock,
        ids=ids,
        settings=settings,
    )

    async def start() -> None:
        await database.open()
        await migrate(database, now_ns=clock.now_ns())
        await administration.require_admin(secrets.get(ADMIN))
        await administration.recall_changes()

    async def stop() -> None:
        await cache.close()
        await users.close()

    return Service(
        name=context.name,
        routes=[
            *token_routes(signin, keys, revocations, senders, deeds=deeds, log=context.log),
            *user_routes(administration, keys, deeds, context.log),
        ],
        pings={"PostgreSQL": _ping("PostgreSQL", users), "Valkey": _ping("Valkey", cache)},
        start=start,
        loops=[partial(_keep_house, context, keys, users, settings.key_days)],
        stop=stop,
    )


async def _keep_house(context: Context, keys: KeyRing, users: Users, key_days: int) -> None:
    while True:
        if keys.age_s() > key_days * _S_PER_DAY:
            context.log.info("token key rotated", kid=keys.rotate())
        try:
            await users.forget_expired(now_ns=context.clock.now_ns())
        except UnavailableError as error:
            context.log.warning("expired tokens not dropped", reason=str(error))
        await asyncio.sleep(HOUSEKEEPING_S)


def _ping(name: str, store: Users | Cache) -> Ping:
    async def ping() -> str:
        return "" if await store.is_reachable() else f"{name} does not answer"

    return ping
