"""The participants' keys over PRISM's own API: make one, list them, revoke one.

With the first key of an account comes its balance. Whoever may trade on PRISM for an account
may hold its keys; the secret is in the answer to the request that makes a key, and nowhere
else. A key is good for so many days; of a user who leaves, all keys are revoked at once.
"""

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any, Final

import msgspec
from litestar import Request, delete, get, post
from litestar.handlers import BaseRouteHandler
from litestar.params import Parameter
from litestar.status_codes import HTTP_200_OK, HTTP_201_CREATED, HTTP_204_NO_CONTENT
from structlog.typing import FilteringBoundLogger

from trade2026.core.clock import NS_PER_S, Clock
from trade2026.core.ids import AccountId
from trade2026.core.numbers import Qty
from trade2026.desk.deeds import DeedTeller
from trade2026.edge import exact
from trade2026.edge.dialect.keys import ApiKey, KeyStore
from trade2026.edge.dialect.user_streams import UserStreams
from trade2026.edge.exact import Exact
from trade2026.edge.words import read_key
from trade2026.model.prism import PrismFunding
from trade2026.prism.holdings import party_of
from trade2026.prism.venue import Venue
from trade2026.shell.access import is_visible, needs, principal_of, require_account
from trade2026.shell.problem import ProblemError

AnyRequest = Request[Any, Any, Any]
Key = Annotated[str, Parameter(max_length=64)]
User = Annotated[str, Parameter(min_length=1, max_length=64)]
LABEL_MAX: Final = 64
GOOD_DAYS: Final = 90
"""As long as a key is good at Binance that is bound to no address."""
GOOD_DAYS_MAX: Final = 3_650
_NS_PER_DAY: Final = 86_400 * NS_PER_S


class KeyRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST /keys`."""

    account: str = "default"
    label: str = ""
    """What it is for, in your words."""
    expires_in_days: Annotated[int, msgspec.Meta(ge=1, le=GOOD_DAYS_MAX)] = GOOD_DAYS
    """After so many it is good no more."""


class KeyReply(msgspec.Struct, frozen=True, kw_only=True):
    """One key, without its secret."""

    api_key: str
    account: str
    label: str
    created_ns: int
    created_by: str
    expires_ns: int | None
    """It is good before this time; null: always, as keys were before they had an end."""


class NewKeyReply(msgspec.Struct, frozen=True, kw_only=True):
    """A key that was just made. Its secret is shown this once."""

    api_key: str
    secret: str
    account: str
    label: str
    expires_ns: int | None
    balances: dict[str, Exact]
    """What is free on the account, by asset; the first key brings the account its balance."""


def _reply(key: ApiKey) -> KeyReply:
    return KeyReply(
        api_key=key.api_key,
        account=key.account,
        label=key.label,
        created_ns=key.created_ns,
        created_by=key.created_by,
        expires_ns=key.expires_ns,
    )


async def _fund(venue: Venue, funding: PrismFunding) -> None:
    problem = await venue.fund(funding)
    if problem:
        raise ProblemError(409, "Not possible", problem)


def key_routes(
    venue: Venue,
    keys: KeyStore,
    users: UserStreams,
    *,
    deeds: DeedTeller,
    log: FilteringBoundLogger,
    clock: Clock,
    balance: dict[str, Qty],
) -> list[BaseRouteHandler]:
    """Return the routes.

    Args:
        venue: whose participants they are.
        keys: all there are.
        users: what ends with a key.
        deeds: told of every key made or revoked.
        log: told the same, without what could be used.
        clock: says when one was made.
        balance: what an account begins with, by asset.
    """

    @post("/keys", opt=needs("prism:write"), status_code=HTTP_201_CREATED)
    async def create(request: AnyRequest, data: KeyRequest) -> NewKeyReply:
        """Make a key of an account for the exchange API; the secret is shown this once."""
        account = AccountId(read_key(data.account, "account"))
        require_account(request, account)
        funding = PrismFunding(account=account, amounts=balance)
        now_ns = clock.now_ns()
        key = await keys.create(
            account=account,
            label=data.label[:LABEL_MAX],
            created_by=principal_of(request).subject,
            now_ns=now_ns,
            expires_ns=now_ns + data.expires_in_days * _NS_PER_DAY,
            prepare=partial(_fund, venue, funding),
        )
        by = key.created_by
        log.info("key made", key=key.start, account=account, by=by)
        await deeds.tell_if_heard(by, "key.create", key.start, account=account, text=key.label)
        wallet = venue.floor.wallet_of(party_of(account, is_direct=True))
        return NewKeyReply(
            api_key=key.api_key,
            secret=key.secret,
            account=key.account,
            label=key.label,
            expires_ns=key.expires_ns,
            balances={a: exact.write(b.free) for a, b in wallet.balances().items()},
        )

    @get("/keys", opt=needs("prism:read"))
    async def list_all(request: AnyRequest, user: User | None = None) -> list[KeyReply]:
        """List the keys of your accounts, oldest first, without their secrets.

        With `user`, only those that this user made.
        """
        found = [key for key in keys.all() if user in {None, key.created_by}]
        return [_reply(key) for key in found if is_visible(request, key.account)]

    return [create, list_all, *_revoking(keys, users, deeds, log)]


def _revoking(
    keys: KeyStore, users: UserStreams, deeds: DeedTeller, log: FilteringBoundLogger
) -> list[BaseRouteHandler]:
    async def revoke(request: AnyRequest, gone: Sequence[ApiKey]) -> None:
        by = principal_of(request).subject
        for key in gone:
            require_account(request, key.account)
        for key in gone:
            users.end_of(key.api_key)
            log.info("key revoked", key=key.start, account=key.account, by=by)
        try:
            await keys.revoke(*(key.api_key for key in gone))
        except OSError as error:
            log.warning("revoked keys are still in their file", count=len(gone), why=str(error))
            text = "it is revoked until PRISM restarts, but the file was not written: ask again"
            raise ProblemError(503, "Not saved", text) from None
        for key in gone:
            await deeds.tell_if_heard(by, "key.revoke", key.start, account=key.account)

    @delete("/keys/{api_key:str}", opt=needs("prism:write"), status_code=HTTP_204_NO_CONTENT)
    async def revoke_one(request: AnyRequest, api_key: Key) -> None:
        """Revoke a key at once and for good; what was opened with it ends.

        Answered with 503 where its file cannot be written: it counts for nothing any more, but
        would again after a restart; asking again writes it again.
        """
        key = keys.find_to_revoke(api_key)
        if key is None or not is_visible(request, key.account):
            raise ProblemError(404, "Unknown key", "there is no such key")
        await revoke(request, [key])

    @delete("/keys", opt=needs("prism:write"), status_code=HTTP_200_OK)
    async def revoke_made_by(request: AnyRequest, user: User) -> list[KeyReply]:
        """Revoke all keys of your accounts that a user made, who leaves; returns which.

        Answered with 503 as for one key.
        """
        gone = [key for key in keys.made_by(user) if is_visible(request, key.account)]
        if gone:
            await revoke(request, gone)
        return [_reply(key) for key in gone]

    return [revoke_one, revoke_made_by]
