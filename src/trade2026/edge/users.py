"""Users at the boundary: what an administrator sends and sees. Hashes never leave.

A name, a role or an account that is not well-formed is refused with its field.
"""

import re
from typing import Final

import msgspec

from trade2026.core.clock import Clock
from trade2026.core.errors import InvalidInputError
from trade2026.core.ids import Ids
from trade2026.edge.passwords import Passwords
from trade2026.edge.revocations import Revocations
from trade2026.model.algo import ALGORITHMS
from trade2026.model.risk import KILL_SWITCH
from trade2026.ports.users import Change, User, Users
from trade2026.shell.access import EVERY_ACCOUNT, Principal
from trade2026.shell.operator import OPERATOR
from trade2026.shell.problem import ProblemError

ADMIN: Final = "admin"
ROLES: Final = ("viewer", "trader", "risk", "participant", ADMIN)
"""Those that the policy knows."""

_NAME: Final = re.compile(r"[a-z][a-z0-9._-]{0,63}", re.ASCII)
_ACCOUNT: Final = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)


def is_name(text: str) -> bool:
    """Return whether a user may be called *text*; nothing else is ever looked up."""
    return _NAME.fullmatch(text) is not None


class NewUser(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A user to be made."""

    name: str
    """Lower-case letters, digits, `.`, `_` and `-`; begins with a letter."""
    password: str
    roles: tuple[str, ...] = ("viewer",)
    accounts: tuple[str, ...] = ()


class UserPatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to change of a user; what is not named stays."""

    roles: tuple[str, ...] | None = None
    accounts: tuple[str, ...] | None = None
    disabled: bool | None = None
    password: str | None = None


class UserReply(msgspec.Struct, frozen=True, kw_only=True):
    """A user as an administrator sees it."""

    name: str
    roles: tuple[str, ...]
    accounts: tuple[str, ...]
    disabled: bool
    created_ns: int


class UserAdministration:
    """Makes and changes users."""

    def __init__(
        self,
        *,
        users: Users,
        passwords: Passwords,
        revocations: Revocations,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._users = users
        self._passwords = passwords
        self._revocations = revocations
        self._clock = clock
        self._ids = ids

    async def create(self, new: NewUser) -> UserReply:
        """Make a user.

        Raises:
            InvalidInputError: a field is not well-formed.
            ProblemError: 409, the name is taken.
        """
        if not is_name(new.name):
            raise InvalidInputError("name", "not lower-case letters, digits, '.', '_', '-'")
        if new.name == OPERATOR:
            raise InvalidInputError("name", "is what the command line signs with")
        if new.name == KILL_SWITCH:
            raise InvalidInputError("name", "is what closes positions where all is halted")
        if new.name == ALGORITHMS:
            raise InvalidInputError("name", "is what sends the children of parent orders")
        _require_roles(new.roles)
        _require_accounts(new.accounts)
        user = User(
            id=self._ids.new(),
            name=new.name,
            password_hash=await self._passwords.hash(new.password),
            roles=new.roles,
            accounts=new.accounts,
            created_ns=self._clock.now_ns(),
        )
        if not await self._users.create(user):
            raise ProblemError(409, "Name taken", f"there is a user {new.name}", field="name")
        return self._reply(user)

    async def require_admin(self, password: str) -> None:
        """Make the user `admin` with every right, unless there is one."""
        if await self._users.find(ADMIN) is None:
            user = User(
                id=self._ids.new(),
                name=ADMIN,
                password_hash=await self._passwords.hash(password),
                roles=(ADMIN,),
                accounts=(EVERY_ACCOUNT,),
                created_ns=self._clock.now_ns(),
            )
            await self._users.create(user)

    async def recall_changes(self) -> None:
        """Publish the latest changes again, after a start."""
        self._revocations.note(*await self._users.all())

    async def all(self) -> list[UserReply]:
        """Return every user, by name."""
        return [self._reply(user) for user in await self._users.all()]

    async def find(self, name: str) -> UserReply:
        """Return one user.

        Raises:
            ProblemError: 404, there is none of that name.
        """
        user = await self._users.find(name) if is_name(name) else None
        if user is None:
            raise _unknown(name)
        return self._reply(user)

    async def change(self, name: str, patch: UserPatch, *, by: Principal) -> UserReply:
        """Change a user, which ends its access tokens; a new password or `disabled` its logins.

        Raises:
            InvalidInputError: a field is not well-formed.
            ProblemError: 404, there is none of that name; 409, an administrator would lock
                itself out.
        """
        if not is_name(name):
            raise _unknown(name)
        if patch.roles is not None:
            _require_roles(patch.roles)
        if patch.accounts is not None:
            _require_accounts(patch.accounts)
        is_demoted = patch.roles is not None and ADMIN not in patch.roles
        if name == by.subject and (patch.disabled or is_demoted):
            raise ProblemError(409, "Refused", "administrators do not lock themselves out")
        password = patch.password
        change = Change(
            roles=patch.roles,
            accounts=patch.accounts,
            is_disabled=patch.disabled,
            password_hash=None if password is None else await self._passwords.hash(password),
        )
        user = await self._users.change(name, change, now_ns=self._clock.now_ns())
        if user is None:
            raise _unknown(name)
        self._revocations.note(user)
        return self._reply(user)

    def _reply(self, user: User) -> UserReply:
        return UserReply(
            name=user.name,
            roles=user.roles,
            accounts=user.accounts,
            disabled=user.is_disabled,
            created_ns=user.created_ns,
        )


def _require_roles(roles: tuple[str, ...]) -> None:
    for role in roles:
        if role not in ROLES:
            raise InvalidInputError("roles", f"{role[:40]!r} is none of {', '.join(ROLES)}")


def _require_accounts(accounts: tuple[str, ...]) -> None:
    for account in accounts:
        if account != EVERY_ACCOUNT and not _ACCOUNT.fullmatch(account):
            raise InvalidInputError("accounts", f"{account[:40]!r} is not the name of an account")


def _unknown(name: str) -> ProblemError:
    return ProblemError(404, "Unknown user", f"no user {name[:40]}")
