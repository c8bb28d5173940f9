"""The gate that every request passes, by REST or by the WebSocket API: weighed, and known."""

from collections.abc import Mapping

from trade2026.edge.dialect.account_endpoints import ACCOUNT_ENDPOINTS
from trade2026.edge.dialect.desk import Desk
from trade2026.edge.dialect.endpoint import Call, Endpoint, Security
from trade2026.edge.dialect.errors import bad_key, bad_key_format
from trade2026.edge.dialect.keys import ApiKey
from trade2026.edge.dialect.market_endpoints import MARKET_ENDPOINTS
from trade2026.edge.dialect.params import Params
from trade2026.edge.dialect.signing import SIGNATURE, check_signature, check_time
from trade2026.edge.dialect.words import ms

ENDPOINTS = (*MARKET_ENDPOINTS, *ACCOUNT_ENDPOINTS)
BY_PATH: Mapping[tuple[str, str], Endpoint] = {(e.method, e.path): e for e in ENDPOINTS}
BY_WORD: Mapping[str, Endpoint] = {e.word: e for e in ENDPOINTS if e.word}


def admit(
    desk: Desk, security: Security, values: Mapping[str, str], *, api_key: str, payload: str
) -> Call:
    """Return the request of a sender who proved what it must.

    Args:
        desk: knows the keys, and the time.
        security: what must be proved.
        values: the parameters.
        api_key: as it was sent, empty where none was.
        payload: what the signature is of.

    Raises:
        DialectError: it did not.
    """
    params = Params(values)
    if security is Security.NONE:
        return Call(params=params)
    key = known_key(desk, api_key)
    if security is Security.SIGNED:
        check_time(params, ms(desk.clock.now_ns()))
        check_signature(key.secret, payload, params.optional(SIGNATURE))
    return Call(params=params, account=key.account, api_key=key.api_key)


def known_key(desk: Desk, api_key: str) -> ApiKey:
    """Return the key that is spelt so.

    Raises:
        DialectError: there is none.
    """
    if not api_key:
        raise bad_key_format()
    key = desk.keys.find(api_key, desk.clock.now_ns())
    if key is None:
        raise bad_key()
    return key
