"""What a request to work a parent order may say, read exactly."""

from typing import Annotated, Final

import msgspec

from trade2026.core.clock import NS_PER_S, TimeNs
from trade2026.core.errors import InvalidInputError
from trade2026.core.ids import AccountId, StrategyId
from trade2026.core.numbers import BPS_ONE, NANOS, Px, Qty
from trade2026.domain.execution.asking import Terms
from trade2026.edge import exact
from trade2026.edge.exact import Exact
from trade2026.edge.order_request import VENUE_AUTO, VENUES
from trade2026.edge.words import read_key, read_time, read_word
from trade2026.model.algo import AlgoName, AlgoRequest
from trade2026.model.instrument import PRISM
from trade2026.model.order import Side

DEFAULT_SLICES: Final = 60
LEAST_SLICE_NS: Final = NS_PER_S
DEFAULT_URGENCY: Final = 3 * NANOS
WEIGHTS_MOST: Final = 1_440

_PARAMS: Final[dict[AlgoName, frozenset[str]]] = {
    AlgoName.TWAP: frozenset({"slice_s"}),
    AlgoName.VWAP: frozenset({"slice_s", "volume_curve"}),
    AlgoName.POV: frozenset({"slice_s", "participation"}),
    AlgoName.ICEBERG: frozenset({"display_quantity"}),
    AlgoName.IMPLEMENTATION_SHORTFALL: frozenset({"slice_s", "urgency"}),
}

Weight = Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000)]


class AlgoParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What only some algorithms have."""

    slice_s: Exact = exact.NULL
    """Seconds between two children; a sixtieth of the duration unless told, at least 1."""
    participation: Exact = exact.NULL
    """POV: its share of all that trades, such as 0.1; at most 0.5."""
    display_quantity: Exact = exact.NULL
    """ICEBERG: what works at a time."""
    urgency: Exact = exact.NULL
    """IMPLEMENTATION_SHORTFALL: kappa times the duration, 0 (even) to 50; 3 unless told."""
    volume_curve: Annotated[list[Weight], msgspec.Meta(max_length=WEIGHTS_MOST)] | None = None
    """VWAP: how much is expected to trade in each part of its time; learnt unless told."""


class AlgoChoice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which algorithm, and how."""

    name: str
    """TWAP, VWAP, POV, ICEBERG or IMPLEMENTATION_SHORTFALL."""
    params: AlgoParams | None = None


class AlgoOrderRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST /algos`."""

    symbol: str
    side: str
    """BUY or SELL, in either case."""
    quantity: Exact
    algo: AlgoChoice
    duration_s: Exact = exact.NULL
    """How long it may take, in seconds; or say `end_at`."""
    end_at: str | None = None
    """RFC 3339, with its offset from UTC."""
    start_at: str | None = None
    """The same; now unless told."""
    price: Exact = exact.NULL
    """No child trades at a worse price; without one they trade at the market."""
    account: str = "default"
    strategy: str = "manual"
    venue: str = VENUE_AUTO
    client_algo_id: str | None = None
    """The sender's key: the same key again answers with the first and starts nothing."""


class AlgoChangeRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `PATCH /algos/{id}`; what is not named stays as it is."""

    quantity: Exact = exact.NULL
    """The new total, with what has traded already."""
    price: Exact = exact.NULL
    end_at: str | None = None
    """RFC 3339, with its offset from UTC."""


def read_algo(body: AlgoOrderRequest, sent_by: str, new_id: str, now_ns: TimeNs) -> AlgoRequest:
    """Return what *body* asks for.

    Args:
        body: as it was sent.
        sent_by: the principal.
        new_id: of the parent.
        now_ns: when it begins where it does not say.

    Raises:
        InvalidInputError: a field is wrong; it is named.
    """
    name = read_word(AlgoName, body.algo.name, "name")
    params = body.algo.params or AlgoParams()
    _refuse_others(name, params)
    venue = body.venue.upper()
    if venue not in VENUES:
        raise InvalidInputError("venue", f"unknown; known are {', '.join(VENUES)}")
    start_ns = now_ns if body.start_at is None else read_time(body.start_at, "start_at")
    start_ns = max(start_ns, now_ns)
    end_ns = _end_ns(body, start_ns)
    key = body.client_algo_id
    return AlgoRequest(
        algo_id=new_id,
        cl_algo_id=new_id if key is None else read_key(key, "client_algo_id"),
        account=AccountId(read_key(body.account, "account")),
        strategy=StrategyId(read_key(body.strategy, "strategy")),
        venue=PRISM if venue == VENUE_AUTO else venue,
        symbol=read_key(body.symbol, "symbol"),
        side=read_word(Side, body.side, "side"),
        name=name,
        order_qty=_above_zero(body.quantity, "quantity"),
        price=None if exact.is_null(body.price) else _px(body.price),
        start_ns=start_ns,
        end_ns=end_ns,
        slice_ns=_slice_ns(params, end_ns - start_ns),
        rate_bps=_rate_bps(params),
        display_qty=_optional_qty(params.display_quantity, "display_quantity", Qty(0)),
        urgency=_urgency(params) if name is AlgoName.IMPLEMENTATION_SHORTFALL else 0,
        weights=_weights(params),
        sent_by=sent_by,
    )


def read_terms(body: AlgoChangeRequest) -> Terms:
    """Return what *body* wants changed.

    Raises:
        InvalidInputError: a field is wrong; it is named.
    """
    has_qty = not exact.is_null(body.quantity)
    return Terms(
        order_qty=_above_zero(body.quantity, "quantity") if has_qty else None,
        price=None if exact.is_null(body.price) else _px(body.price),
        end_ns=None if body.end_at is None else read_time(body.end_at, "end_at"),
    )


def _refuse_others(name: AlgoName, params: AlgoParams) -> None:
    for field in params.__struct_fields__:
        value = getattr(params, field)
        is_said = value is not None if field == "volume_curve" else not exact.is_null(value)
        if is_said and field not in _PARAMS[name]:
            raise InvalidInputError(field, f"{name} has none")


def _end_ns(body: AlgoOrderRequest, start_ns: TimeNs) -> TimeNs:
    if exact.is_null(body.duration_s) == (body.end_at is None):
        raise InvalidInputError("duration_s", "say either it or end_at")
    if body.end_at is not None:
        return read_time(body.end_at, "end_at")
    return TimeNs(start_ns + _above_zero(body.duration_s, "duration_s") * NS_PER_S // NANOS)


def _slice_ns(params: AlgoParams, span_ns: int) -> int:
    if exact.is_null(params.slice_s):
        return max(LEAST_SLICE_NS, span_ns // DEFAULT_SLICES)
    slice_ns = exact.read_qty(params.slice_s, "slice_s") * NS_PER_S // NANOS
    if slice_ns < LEAST_SLICE_NS:
        raise InvalidInputError("slice_s", "must be at least 1")
    return slice_ns


def _rate_bps(params: AlgoParams) -> int:
    rate = _optional_qty(params.participation, "participation", Qty(0)) * BPS_ONE
    if rate % NANOS:
        raise InvalidInputError("participation", "has at most four decimal places")
    return rate // NANOS


def _urgency(params: AlgoParams) -> int:
    return _optional_qty(params.urgency, "urgency", Qty(DEFAULT_URGENCY))


def _weights(params: AlgoParams) -> tuple[int, ...]:
    weights = tuple(params.volume_curve or ())
    if params.volume_curve is not None and not sum(weights):
        raise InvalidInputError("volume_curve", "expects nothing at all")
    return weights


def _optional_qty(raw: msgspec.Raw, field: str, default: Qty) -> Qty:
    return default if exact.is_null(raw) else exact.read_qty(raw, field)


def _above_zero(raw: msgspec.Raw, field: str) -> Qty:
    quantity = exact.read_qty(raw, field)
    if quantity == 0:
        raise InvalidInputError(field, "must be above zero")
    return quantity


def _px(raw: msgspec.Raw) -> Px:
    px = exact.read_px(raw, "price")
    if px <= 0:
        raise InvalidInputError("price", "must be above zero")
    return px
