"""The routes of authn: sign in and out, who am I, the public keys, and users for administrators."""

from typing import Annotated, Any, Final

import msgspec
from litestar import Request, Response, get, patch, post
from litestar.handlers import BaseRouteHandler
from litestar.params import FromPath
from litestar.status_codes import HTTP_200_OK, HTTP_204_NO_CONTENT, HTTP_401_UNAUTHORIZED
from structlog.typing import FilteringBoundLogger

from trade2026.desk.deeds import DeedTeller
from trade2026.edge.revocations import Revocations
from trade2026.edge.sender import Senders
from trade2026.edge.signin import SignIn, TokenReply
from trade2026.edge.users import NewUser, UserAdministration, UserPatch, UserReply
from trade2026.shell.access import needs, principal_of, public
from trade2026.shell.problem import ProblemError
from trade2026.shell.signing import KeyRing
from trade2026.shell.tokens import Jwks

AnyRequest = Request[Any, Any, Any]

# Not to be kept by anybody on the way. Source: RFC 6749, section 5.1.
_NO_STORE: Final = {"Cache-Control": "no-store"}

Text = Annotated[str, msgspec.Meta(max_length=1024)]


class LoginRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A name and its password."""

    username: Text
    password: Text


class RefreshRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A refresh token that was not used before."""

    refresh_token: Text


class LogoutRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which login to end."""

    refresh_token: Text | None = None
    """Without it, all of the sender's logins end."""


class PasswordRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new password for oneself."""

    current: Text
    new: Text


class MeReply(msgspec.Struct, frozen=True, kw_only=True):
    """Who the token speaks for."""

    name: str
    roles: tuple[str, ...]
    accounts: tuple[str, ...]


class RotatedReply(msgspec.Struct, frozen=True, kw_only=True):
    """The id of the key that signs from now on."""

    kid: str


def token_routes(
    signin: SignIn,
    keys: KeyRing,
    revocations: Revocations,
    senders: Senders,
    *,
    deeds: DeedTeller,
    log: FilteringBoundLogger,
) -> list[BaseRouteHandler]:
    """Return the routes of everybody who signs in."""

    @post("/login", opt=public(), status_code=HTTP_200_OK)
    async def login(request: AnyRequest, data: LoginRequest) -> Response[TokenReply]:
        """Return an access token and a refresh token for a name and its password."""
        address = senders.address_of(request)
        try:
            tokens = await signin.login(data.username, data.password, address=address)
        except ProblemError as problem:
            log.warning(
                "login refused", user=data.username[:64], address=address, why=problem.title
            )
            # What is throttled is not told of: strangers must not fill the log.
            if problem.status == HTTP_401_UNAUTHORIZED:
                who = data.username
                text = f"from {address}"
                await deeds.tell_if_heard(who, "session.begin", who, result="REFUSED", text=text)
            raise
        log.info("login", user=data.username, address=address)
        # In the log before anybody has the tokens.
        await deeds.tell(data.username, "session.begin", data.username, text=f"from {address}")
        return Response(tokens, headers=_NO_STORE)

    @post("/refresh", opt=public(), status_code=HTTP_200_OK)
    async def refresh(data: RefreshRequest) -> Response[TokenReply]:
        """Return new tokens for a refresh token; one that comes a second time ends its login."""
        return Response(await signin.refresh(data.refresh_token), headers=_NO_STORE)

    @post("/logout", opt=needs("me:write"), status_code=HTTP_204_NO_CONTENT)
    async def logout(request: AnyRequest, data: LogoutRequest | None = None) -> None:
        """End one login of the sender, or all of them."""
        presented = None if data is None else data.refresh_token
        name = principal_of(request).subject
        await signin.logout(name, presented)
        text = "every login" if presented is None else "one login"
        await deeds.tell_if_heard(name, "session.end", name, text=text)

    @get(["/jwks", "/.well-known/jwks.json"], opt=public())
    async def jwks() -> Jwks:
        """Return the public keys that verify access tokens, and which have ended early."""
        return Jwks(keys.published().keys, revocations.published())

    return [login, refresh, logout, jwks, *_own_routes(signin, senders, deeds, log)]


def _own_routes(
    signin: SignIn, senders: Senders, deeds: DeedTeller, log: FilteringBoundLogger
) -> list[BaseRouteHandler]:
    @get("/me", opt=needs("me:read"))
    async def me(request: AnyRequest) -> MeReply:
        """Return who the token speaks for."""
        principal = principal_of(request)
        return MeReply(name=principal.subject, roles=principal.roles, accounts=principal.accounts)

    @post("/me/password", opt=needs("me:write"), status_code=HTTP_204_NO_CONTENT)
    async def change_password(request: AnyRequest, data: PasswordRequest) -> None:
        """Change the sender's own password, which ends all its logins."""
        name = principal_of(request).subject
        await signin.change_password(
            name, data.current, data.new, address=senders.address_of(request)
        )
        log.info("password changed", user=name)
        await deeds.tell_if_heard(name, "user.password", name)

    return [me, change_password]


def user_routes(
    users: UserAdministration, keys: KeyRing, deeds: DeedTeller, log: FilteringBoundLogger
) -> list[BaseRouteHandler]:
    """Return the routes of administrators."""

    @get("/users", opt=needs("users:admin"))
    async def list_users() -> list[UserReply]:
        """Return every user, by name."""
        return await users.all()

    @post("/users", opt=needs("users:admin"))
    async def create_user(request: AnyRequest, data: NewUser) -> UserReply:
        """Make a user."""
        by = principal_of(request).subject
        user = await users.create(data)
        log.info("user made", user=user.name, roles=user.roles, by=by)
        await deeds.tell_if_heard(by, "user.create", user.name, text=_rights(user))
        return user

    @get("/users/{name:str}", opt=needs("users:admin"))
    async def show_user(name: FromPath[str]) -> UserReply:
        """Return one user."""
        return await users.find(name)

    @patch("/users/{name:str}", opt=needs("users:admin"))
    async def change_user(request: AnyRequest, name: FromPath[str], data: UserPatch) -> UserReply:
        """Change a user's roles, accounts or password, or disable it."""
        by = principal_of(request)
        user = await users.change(name, data, by=by)
        log.info("user changed", user=name, roles=user.roles, disabled=user.disabled, by=by.subject)
        text = _rights(user) if data.password is None else f"{_rights(user)}, a new password"
        await deeds.tell_if_heard(by.subject, "user.change", name, text=text)
        return user

    @post("/keys/rotate", opt=needs("users:admin"), status_code=HTTP_200_OK)
    async def rotate_key(request: AnyRequest) -> RotatedReply:
        """Sign with a new key from now on; tokens of the one before stay valid to their end."""
        kid = keys.rotate()
        by = principal_of(request).subject
        log.info("token key rotated", kid=kid, by=by)
        await deeds.tell_if_heard(by, "token_key.rotate", kid)
        return RotatedReply(kid=kid)

    return [list_users, create_user, show_user, change_user, rotate_key]


def _rights(user: UserReply) -> str:
    state = ", disabled" if user.disabled else ""
    return f"roles {' '.join(user.roles)}, accounts {' '.join(user.accounts)}{state}"
