"""The dialect's WebSocket API: the endpoints of REST, asked in messages, and the user stream.

A request is signed over its parameters in the order of their names. Parameters keep the text
that they were sent with: a number is not read as a float on the way. One that has in it what
stands between two is refused, since such a one and two others would be signed alike.

Source: Binance Spot API, "WebSocket API": request and response format, request security,
user data stream requests.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import msgspec

from trade2026.core.errors import VenueUnavailableError
from trade2026.edge.dialect.connection import Connection
from trade2026.edge.dialect.desk import Desk
from trade2026.edge.dialect.endpoint import Security
from trade2026.edge.dialect.errors import DialectError, malformed, not_valid, unknown_status
from trade2026.edge.dialect.gate import BY_WORD, admit
from trade2026.edge.dialect.params import NAME, PARAMS_MAX, Params
from trade2026.edge.dialect.signing import sorted_payload

SUBSCRIBE: Final = "userDataStream.subscribe.signature"
UNSUBSCRIBE: Final = "userDataStream.unsubscribe"
SUBSCRIPTIONS_MAX: Final = 50
"""Of one connection."""
_SUBSCRIBE_WEIGHT: Final = 2


class _Request(msgspec.Struct):
    id: int | str | None = None
    method: str = ""
    params: dict[str, msgspec.Raw] = {}


async def answer_text(desk: Desk, connection: Connection, text: str, *, address: str) -> None:
    """Answer one message on *connection*."""
    request_id: int | str | None = None
    try:
        try:
            request = msgspec.json.decode(text, type=_Request)
        except (msgspec.DecodeError, RecursionError):
            desk.rates.weigh(address, 1, desk.clock.now_ns())
            raise DialectError(-1000, "The message is not a request in JSON.") from None
        request_id = request.id
        result = await _answer(desk, connection, request, address)
        reply: dict[str, Any] = {"id": request_id, "status": HTTPStatus.OK, "result": result}
    except DialectError as error:
        reply = _refusal(request_id, error)
    except VenueUnavailableError:
        reply = _refusal(request_id, unknown_status())
    reply["rateLimits"] = [desk.rates.weight_row(address, desk.clock.now_ns())]
    connection.offer_plain(reply)


def _refusal(request_id: int | str | None, error: DialectError) -> dict[str, Any]:
    return {"id": request_id, "status": error.status, "error": error.body()}


async def _answer(desk: Desk, connection: Connection, request: _Request, address: str) -> object:
    now_ns, endpoint = desk.clock.now_ns(), BY_WORD.get(request.method)
    try:
        values = _read(request.params)
        params = Params(values)
        weight = _SUBSCRIBE_WEIGHT if endpoint is None else endpoint.weight_of(params)
    except DialectError:
        desk.rates.weigh(address, 1, now_ns)
        raise
    desk.rates.weigh(address, weight, now_ns)
    if request.method == UNSUBSCRIBE:
        desk.users.leave(connection, params.integer("subscriptionId"))
        return {}
    if endpoint is None and request.method != SUBSCRIBE:
        raise DialectError(-1000, f"There is no method {request.method[:40]} here.")
    call = admit(
        desk,
        Security.SIGNED if endpoint is None else endpoint.security,
        values,
        api_key=params.optional("apiKey"),
        payload=sorted_payload(values),
    )
    if endpoint is not None:
        return await endpoint.answer(desk, call)
    if connection.subscription_count >= SUBSCRIPTIONS_MAX:
        raise DialectError(-1003, "Too many subscriptions on this connection.", 429)
    number = connection.subscription_count
    connection.subscription_count += 1
    desk.users.listen(connection, call.api_key, call.account, number)
    return {"subscriptionId": number}


def _read(params: Mapping[str, msgspec.Raw]) -> dict[str, str]:
    if len(params) > PARAMS_MAX:
        raise DialectError(-1101, "Too many parameters sent for this endpoint.")
    return {name: text_of(name, raw) for name, raw in params.items()}


def text_of(name: str, raw: msgspec.Raw) -> str:
    """Return a parameter as the text that its sender signed.

    Raises:
        DialectError: it is an object, or null, or has in it what stands between two.
    """
    token = bytes(raw).strip()
    if token[:1] in {b"{", b""} or token == b"null":
        raise not_valid(name)
    text = msgspec.json.decode(token, type=str) if token[:1] == b'"' else token.decode()
    if "&" in text or NAME.fullmatch(name) is None:
        raise malformed()
    return text
