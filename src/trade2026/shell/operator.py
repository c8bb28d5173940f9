"""The operator at the machine: who can read the data directory's secrets may do everything.

The command line asks the services with a token that it signs itself, by the keys that authn
signs with. So it needs no password, works when the administrator is locked out or authn is
away for a moment, and gives nobody more than the keys in that folder give anyway.
"""

from pathlib import Path
from typing import Final, TypeVar

import httpx
import msgspec

from trade2026.core.clock import SystemClock
from trade2026.core.errors import RefusedError, StartError, UnavailableError
from trade2026.core.ids import system_ids
from trade2026.shell.access import EVERY_ACCOUNT, Principal
from trade2026.shell.addresses import Addresses
from trade2026.shell.problem import ProblemDetails
from trade2026.shell.signing import KeyRing

OPERATOR: Final = "local-operator"
"""The subject of its tokens; no user may be called so."""
OPERATOR_TOKEN_S: Final = 300
TIMEOUT_S: Final = 12.0
"""A little longer than a service takes to answer at most."""

T = TypeVar("T")


def operator_token(data_dir: Path) -> str:
    """Return a token of `OPERATOR`, an administrator of every account, for a few minutes.

    Raises:
        StartError: no platform was ever started there, or its keys cannot be read.
    """
    folder = data_dir / "secrets"
    if not KeyRing.is_in(folder):
        raise StartError(f"there are no keys in {folder}; name a platform with --data-dir")
    keys = KeyRing(folder, SystemClock(), system_ids())
    principal = Principal(subject=OPERATOR, roles=("admin",), accounts=(EVERY_ACCOUNT,))
    return keys.access_token(principal, lives_s=OPERATOR_TOKEN_S)


class Operator:
    """Asks the services of the platform in a data directory."""

    def __init__(self, data_dir: Path, addresses: Addresses) -> None:
        """Speak to the platform of *data_dir* at *addresses*; nothing is asked yet."""
        self._data_dir = data_dir
        self._addresses = addresses

    async def ask(
        self, component: str, method: str, path: str, *, kind: type[T], body: object = None
    ) -> T:
        """Return the answer of a component.

        Args:
            component: Its name in the catalogue.
            method: Of HTTP.
            path: Of the route.
            kind: What the answer must be.
            body: Sent as JSON, if any.

        Raises:
            StartError: there is no platform in the data directory.
            UnavailableError: the component does not answer, or not as it should; whether the
                request took effect is unknown.
            RefusedError: it says no.
        """
        headers = {"Authorization": f"Bearer {operator_token(self._data_dir)}"}
        content = None if body is None else msgspec.json.encode(body)
        port = self._addresses.port(component)
        try:
            # No proxy of the environment: the platform is on this machine.
            async with httpx.AsyncClient(trust_env=False, timeout=TIMEOUT_S) as client:
                url = f"{self._addresses.url(component)}{path}"
                reply = await client.request(method, url, content=content, headers=headers)
        except httpx.TimeoutException:
            why = f"{component} does not answer on port {port} within {TIMEOUT_S:g} s"
            raise UnavailableError(why) from None
        except httpx.HTTPError:
            why = f"{component} does not answer on port {port}; is the platform up?"
            raise UnavailableError(why) from None
        if not reply.is_success:
            raise _refusal(component, reply)
        try:
            return msgspec.json.decode(reply.content, type=kind)
        except msgspec.DecodeError:
            raise UnavailableError(
                f"what answers on port {port} is not {component}; is the --port-offset right?"
            ) from None


def _refusal(component: str, reply: httpx.Response) -> RefusedError | UnavailableError:
    try:
        found = msgspec.json.decode(reply.content, type=ProblemDetails)
    except msgspec.DecodeError:
        return UnavailableError(f"{component} answers {reply.status_code}")
    field = f"{found.field}: " if found.field else ""
    text = " ".join(f"{component}: {field}{found.detail or found.title}".split())
    return UnavailableError(text) if reply.is_server_error else RefusedError(text)
