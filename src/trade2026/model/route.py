"""Which venue an order goes to, and why: rules as data, what venues look like, the choice."""

from enum import StrEnum

import msgspec

from trade2026.core.clock import TimeNs
from trade2026.core.ids import EventId
from trade2026.core.numbers import Bps, Px
from trade2026.model.order import OrdType


class RouteBy(StrEnum):
    """How a rule chooses among its venues that are well."""

    PREFERENCE = "PREFERENCE"
    """The first."""
    PRICE = "PRICE"
    """Where the order is filled best, fees included; of equals the first."""


class RouteRule(msgspec.Struct, frozen=True, kw_only=True):
    """Orders, and where they go. An empty tuple is any; the first rule that fits an order binds."""

    name: str
    venues: tuple[str, ...]
    """In the order of preference; an order goes to none besides."""
    by: RouteBy = RouteBy.PREFERENCE
    symbols: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    strategies: tuple[str, ...] = ()
    types: tuple[OrdType, ...] = ()


class RoutesSet(msgspec.Struct, frozen=True, kw_only=True):
    """From here on these rules bind, and no others."""

    change_id: EventId
    rules: tuple[RouteRule, ...]
    reason: str
    asked_by: str
    ts_ns: TimeNs


class LookRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A question to a venue: how it is, and what it quotes for a symbol."""

    symbol: str


class VenueSight(msgspec.Struct, frozen=True, kw_only=True):
    """How a venue is at this moment, as far as one symbol goes."""

    problem: str = ""
    """Why no order may go there; empty where one may."""
    bid_px: Px | None = None
    """The best; None where there is none, or it is nobody's business."""
    ask_px: Px | None = None
    maker_bps: Bps = Bps(0)
    """What a fill that added liquidity is charged."""
    taker_bps: Bps = Bps(0)


class RouteAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Where an order goes."""

    venue: str
    """Empty where no venue is fit for it."""
    rule: str
    """The name of the rule that bound."""
    why: str
    """What it found of every venue that it names."""
