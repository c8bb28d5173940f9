"""The participants' keys over PRISM's own API: make one, list them, revoke one.

With the first key of an account comes its balance. Whoever may trade on PRISM for an account
may hold its keys; the secret is in the answer to the request that makes a key, and nowhere
else.
"""

from functools import partial
from typing import Annotated, Any, Final

import msgspec
from litestar import Request, delete, get, post
from litestar.handlers import BaseRouteHandler
from litestar.params import Parameter
from litestar.status_codes import HTTP_201_CREATED, HTTP_204_NO_CONTENT

from trade2026.core.clock import Clock
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
LABEL_MAX: Final = 64


class KeyRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST /keys`."""

    account: str = "default"
    label: str = ""
    """What it is for, in your words."""


class KeyReply(msgspec.Struct, frozen=True, kw_only=True):
    """One key, without its secret."""

    api_key: str
    account: str
    label: str
    created_ns: int
    created_by: str


class NewKeyReply(msgspec.Struct, frozen=True, kw_only=True):
    """A key that was just made. Its secret is shown this once."""

    api_key: str
    secret: str
    account: str
    label: str
    balances: dict[str, Exact]
    """What is free on the account, by asset; the first key brings the account its balance."""


def _reply(key: ApiKey) -> KeyReply:
    return KeyReply(
        api_key=key.api_key,
        account=key.account,
        label=key.label,
        created_ns=key.created_ns,
        created_by=key.created_by,
    )


async def _fund(venue: Venue, funding: PrismFunding) -> None:
    problem = await venue.fund(funding)
    if problem:
        raise ProblemError(409, "Not possible", problem)


async def _revoke(keys: KeyStore, api_key: str) -> None:
    try:
        await keys.revoke(api_key)
    except OSError:
        text = "the key is revoked until PRISM restarts, but its file was not written: ask again"
        raise ProblemError(503, "Not saved", text) from None


def key_routes(
    venue: Venue,
    keys: KeyStore,
    users: UserStreams,
    *,
    deeds: DeedTeller,
    clock: Clock,
    balance: dict[str, Qty],
) -> list[BaseRouteHandler]:
    """Return the routes.

    Args:
        venue: whose participants they are.
        keys: all there are.
        users: what ends with a key.
        deeds: told of every key made or revoked.
        clock: says when one was made.
        balance: what an account begins with, by asset.
    """

    @post("/keys", opt=needs("prism:write"), status_code=HTTP_201_CREATED)
    async def create(request: AnyRequest, data: KeyRequest) -> NewKeyReply:
        """Make a key of an account for the exchange API; the secret is shown this once."""
        account = AccountId(read_key(data.account, "account"))
        require_account(request, account)
        funding = PrismFunding(account=account, amounts=balance)
        key = await keys.create(
            account=account,
            label=data.label[:LABEL_MAX],
            created_by=principal_of(request).subject,
            now_ns=clock.now_ns(),
            prepare=partial(_fund, venue, funding),
        )
        by = key.created_by
        await deeds.tell_if_heard(by, "key.create", key.api_key, account=account, text=key.label)
        wallet = venue.floor.wallet_of(party_of(account, is_direct=True))
        return NewKeyReply(
            api_key=key.api_key,
            secret=key.secret,
            account=key.account,
            label=key.label,
            balances={a: exact.write(b.free) for a, b in wallet.balances().items()},
        )

    @get("/keys", opt=needs("prism:read"))
    async def list_all(request: AnyRequest) -> list[KeyReply]:
        """List the keys of your accounts, oldest first, without their secrets."""
        return [_reply(key) for key in keys.all() if is_visible(request, key.account)]

    return [create, list_all, _revoking(keys, users, deeds)]


def _revoking(keys: KeyStore, users: UserStreams, deeds: DeedTeller) -> BaseRouteHandler:
    @delete("/keys/{api_key:str}", opt=needs("prism:write"), status_code=HTTP_204_NO_CONTENT)
    async def revoke(request: AnyRequest, api_key: Key) -> None:
        """Revoke a key at once and for good; what was opened with it ends.

        Answered with 503 where its file cannot be written: it counts for nothing any more, but
        would again after a restart; asking again writes it again.
        """
        key = keys.find_to_revoke(api_key)
        if key is None or not is_visible(request, key.account):
            raise ProblemError(404, "Unknown key", "there is no such key")
        require_account(request, key.account)
        users.end_of(api_key)
        await _revoke(keys, api_key)
        by = principal_of(request).subject
        await deeds.tell_if_heard(by, "key.revoke", api_key, account=key.account)

    return revoke
