"""What outsiders ask of PRISM, and what each question does in a round of the market.

Each goes the same way: `prepare` says what the log must have first, `enter` acts on the
floor once the log has it, and `settle` answers once the outcome is in the log too.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Generic, TypeAlias, TypeVar

from trade2026.core.clock import TimeNs
from trade2026.core.errors import InvalidInputError, RefusedError, VenueUnavailableError
from trade2026.core.ids import EventId, OrderId
from trade2026.model.execution import ExecType, ExecutionReport, VenueAck, VenueOrderStatus
from trade2026.model.order import (
    NewOrderSingle,
    OrderCancelRequest,
    OrderReplaceRequest,
    OrderStatusRequest,
)
from trade2026.model.prism import ControlKind, PrismControl, PrismFunding, PrismInput
from trade2026.prism.control import Controls
from trade2026.prism.floor import Floor
from trade2026.prism.holdings import party_of
from trade2026.prism.outside import CHANGES_MAX, OutsiderOrder

Q = TypeVar("Q", NewOrderSingle, OrderCancelRequest, OrderReplaceRequest, OrderStatusRequest)
A = TypeVar("A", VenueAck, VenueOrderStatus)


@dataclass(eq=False, slots=True)
class _Ask(Generic[Q, A]):
    request: Q
    is_direct: bool
    """Whether the asker came past the OMS; such orders are a world of their own."""
    answer: asyncio.Future[A] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    @property
    def order_id(self) -> OrderId:
        """Return the order it is about."""
        return self.request.order_id

    @property
    def symbol(self) -> str:
        """Return the symbol it names."""
        return self.request.symbol

    def give_up(self) -> None:
        """Answer that there is no answer: whether the log has it is not known."""
        if not self.answer.done():
            self.answer.set_exception(VenueUnavailableError("PRISM stopped before it answered"))

    def _give(self, answer: A) -> None:
        # The asker may have gone away meanwhile.
        if not self.answer.done():
            self.answer.set_result(answer)

    def _order(self, floor: Floor) -> OutsiderOrder | None:
        return self._own(floor.orders.get(self.order_id))

    def _own(self, order: OutsiderOrder | None) -> OutsiderOrder | None:
        return order if order is not None and order.facts.is_direct is self.is_direct else None


@dataclass(eq=False, slots=True)
class SubmitAsk(_Ask[NewOrderSingle, VenueAck]):
    """Take an order in."""

    was_known: bool = False
    """Whether the order was remembered when this was asked: it may be forgotten meanwhile."""
    was_disowned: bool = False

    def look(self, floor: Floor) -> None:
        """Note what is remembered of the order while its turn does not come."""
        self.was_known = self.was_known or floor.orders.get(self.order_id) is not None
        self.was_disowned = self.was_disowned or floor.orders.is_disowned(self.order_id)

    def prepare(self, floor: Floor) -> PrismInput | None:
        """Return the input for the log; None for an order that is known, or disowned."""
        self.look(floor)
        if self.was_disowned:
            self._give(disowned(self.order_id))
        if self.was_disowned or self.was_known:
            return None
        return PrismInput(
            input_id=EventId(f"{self.order_id}-in"),
            enters_ns=TimeNs(floor.exchange.sim_ns),
            order=self.request,
            is_direct=self.is_direct,
        )

    def enter(self, floor: Floor, *, place: int, now_ns: int) -> None:
        """Match the order."""
        floor.submit(self.request, is_direct=self.is_direct, input_seq=place, arrived_ns=now_ns)

    def settle(self, floor: Floor) -> None:
        """Acknowledge the order: its reports say what became of it."""
        del floor
        self._give(VenueAck(order_id=self.order_id, is_accepted=True))


@dataclass(eq=False, slots=True)
class CancelAsk(_Ask[OrderCancelRequest, VenueAck]):
    """Take out what is left of an order."""

    def prepare(self, floor: Floor) -> PrismInput | None:
        """Return the input for the log; None for an order that is unknown, or cancelled."""
        order = self._order(floor)
        if order is None or order.facts.account != self.request.account:
            self._give(refusal(self.order_id, "UNKNOWN_ORDER PRISM has no such order"))
            return None
        if order.ended_by is ExecType.CANCELED:
            return None
        return PrismInput(
            input_id=_again_id(self.order_id, "cancel", floor),
            enters_ns=TimeNs(floor.exchange.sim_ns),
            cancel=self.request,
            is_direct=self.is_direct,
        )

    def enter(self, floor: Floor, *, place: int, now_ns: int) -> None:
        """Cancel the order, or report that it is too late."""
        del place, now_ns
        order = self._order(floor)
        assert order is not None
        floor.cancel(order)

    def settle(self, floor: Floor) -> None:
        """Acknowledge the request: the order's reports say whether anything was left."""
        del floor
        self._give(VenueAck(order_id=self.order_id, is_accepted=True))


@dataclass(eq=False, slots=True)
class ReplaceAsk(_Ask[OrderReplaceRequest, VenueAck]):
    """Change an order that works."""

    def prepare(self, floor: Floor) -> PrismInput | None:
        """Return the input for the log; None where the order is unknown, or was so changed."""
        order = self._order(floor)
        if order is None or order.facts.account != self.request.account:
            self._give(refusal(self.order_id, "UNKNOWN_ORDER PRISM has no such order"))
            return None
        if self.request.replace_id in order.changes:
            return None
        if len(order.changes) >= CHANGES_MAX:
            text = f"TOO_MANY_CHANGES an order is changed {CHANGES_MAX} times at most"
            self._give(refusal(self.order_id, text))
            return None
        return PrismInput(
            input_id=EventId(f"{self.order_id}-replace-{self.request.replace_id}"),
            enters_ns=TimeNs(floor.exchange.sim_ns),
            replace=self.request,
            is_direct=self.is_direct,
        )

    def enter(self, floor: Floor, *, place: int, now_ns: int) -> None:
        """Change the order, or report why not."""
        del place, now_ns
        order = self._order(floor)
        assert order is not None
        floor.replace(order, self.request)

    def settle(self, floor: Floor) -> None:
        """Acknowledge the request: the order's reports say what came of it."""
        del floor
        self._give(VenueAck(order_id=self.order_id, is_accepted=True))


@dataclass(eq=False, slots=True)
class StatusAsk(_Ask[OrderStatusRequest, VenueOrderStatus]):
    """Tell everything about an order, and disown it where nothing is known."""

    known: OutsiderOrder | None = None
    """The order where it was remembered when this was asked: it may be forgotten meanwhile."""
    was_disowned: bool = False
    older: tuple[ExecutionReport, ...] = ()
    """What the log has of its reports, where memory has not all of them."""

    def look(self, floor: Floor) -> None:
        """Note what is remembered of the order while its turn does not come."""
        self.known = floor.orders.get(self.order_id) or self.known
        self.was_disowned = self.was_disowned or floor.orders.is_disowned(self.order_id)

    def prepare(self, floor: Floor) -> PrismInput | None:
        """Return the disowning for the log; None for an order that is known, or disowned."""
        self.look(floor)
        # An order of the other world is not the asker's, and no less known for that.
        if self.was_disowned or self.known is not None:
            return None
        return PrismInput(
            input_id=_again_id(self.order_id, "status", floor),
            enters_ns=TimeNs(floor.exchange.sim_ns),
            disowned=self.request,
            is_direct=self.is_direct,
        )

    def enter(self, floor: Floor, *, place: int, now_ns: int) -> None:
        """Disown the order."""
        floor.orders.disown(self.request, input_seq=place, arrived_ns=now_ns)

    def settle(self, floor: Floor) -> None:
        """Tell the order's reports."""
        order = self._own(floor.orders.get(self.order_id) or self.known)
        newest = () if order is None else tuple(order.reports)
        older = (r for r in self.older if not newest or r.report_seq < newest[0].report_seq)
        reports = () if order is None else (*older, *newest)
        self._give(
            VenueOrderStatus(order_id=self.order_id, is_known=order is not None, reports=reports)
        )


@dataclass(eq=False, slots=True)
class FundAsk:
    """Give a direct participant the balance that it begins with."""

    funding: PrismFunding
    answer: asyncio.Future[str] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )
    """Why not; empty where the account has its balance."""

    @property
    def order_id(self) -> OrderId:
        """Return what takes the place of an order.

        The same for all: one is funded in a round, so that each finds what the one before it
        took of the room there is. They wait for one another, and nobody else for them.
        """
        return OrderId("funding")

    @property
    def symbol(self) -> str:
        """Return an empty name: no symbol is asked for."""
        return ""

    def prepare(self, floor: Floor) -> PrismInput | None:
        """Return the input for the log; None where nothing is to be given."""
        problem = floor.funding_problem(self.funding)
        is_funded = floor.holdings.is_funded(party_of(self.funding.account, is_direct=True))
        if problem or is_funded:
            self._give(problem)
            return None
        return PrismInput(
            input_id=EventId(
                f"funding-{self.funding.account}-{floor.life}-{floor.exchange.sim_ns}"
            ),
            enters_ns=TimeNs(floor.exchange.sim_ns),
            funding=self.funding,
            is_direct=True,
        )

    def enter(self, floor: Floor, *, place: int, now_ns: int) -> None:
        """Give the balance."""
        del place, now_ns
        floor.fund(self.funding)

    def settle(self, floor: Floor) -> None:
        """Answer that the account has its balance."""
        del floor
        self._give("")

    def give_up(self) -> None:
        """Answer that there is no answer: whether the log has it is not known."""
        if not self.answer.done():
            self.answer.set_exception(VenueUnavailableError("PRISM stopped before it answered"))

    def _give(self, problem: str) -> None:
        if not self.answer.done():
            self.answer.set_result(problem)


@dataclass(eq=False, slots=True)
class ControlAsk:
    """Do something to the market as a whole."""

    control_id: EventId
    request: PrismControl
    controls: Controls
    answer: asyncio.Future[None] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )
    is_done: bool = True
    """False while it takes more rounds than one."""

    @property
    def order_id(self) -> OrderId:
        """Return its own id: it is about no order."""
        return OrderId(self.control_id)

    @property
    def symbol(self) -> str:
        """Return an empty name: the market as a whole is meant."""
        return ""

    @property
    def is_reset(self) -> bool:
        """Return whether it begins the market anew."""
        return self.request.kind is ControlKind.RESET

    def prepare(self, floor: Floor) -> PrismInput | None:
        """Return the input for the log; None where it is refused."""
        exchange = floor.exchange
        try:
            self.controls.check(self.request, exchange)
        except (InvalidInputError, RefusedError) as error:
            self.controls.refused(self.request, exchange.sim_ns, str(error))
            if not self.answer.done():
                self.answer.set_exception(error)
            return None
        return self.prepared(floor)

    def enter(self, floor: Floor, *, place: int, now_ns: int) -> None:
        """Carry it out, or begin to."""
        message = self.prepared(floor)
        self.controls.act(message, floor.exchange, place=place, now_ns=now_ns)
        self.is_done = self.request.kind not in {ControlKind.STEP, ControlKind.RESET}

    def prepared(self, floor: Floor) -> PrismInput:
        """Return the input as it stands in the log."""
        return PrismInput(
            input_id=self.control_id,
            enters_ns=TimeNs(floor.exchange.sim_ns),
            control=self.request,
        )

    def settle(self, floor: Floor) -> None:
        """Say that it is done, where it is."""
        del floor
        if self.is_done and not self.answer.done():
            self.answer.set_result(None)

    def break_off(self, why: str) -> None:
        """Refuse to go on with what took longer."""
        self.is_done = True
        if not self.answer.done():
            self.answer.set_exception(RefusedError(why))

    def finish(self) -> None:
        """Say that what took longer is done."""
        self.is_done = True
        if not self.answer.done():
            self.answer.set_result(None)

    def give_up(self) -> None:
        """Answer that there is no answer: whether the log has it is not known."""
        if not self.answer.done():
            self.answer.set_exception(VenueUnavailableError("PRISM stopped before it answered"))


Ask: TypeAlias = SubmitAsk | CancelAsk | ReplaceAsk | StatusAsk | FundAsk | ControlAsk


def refusal(order_id: OrderId, text: str) -> VenueAck:
    """Return the answer to a request that PRISM does not take in."""
    return VenueAck(order_id=order_id, is_accepted=False, text=text)


def disowned(order_id: OrderId) -> VenueAck:
    """Return the answer to an order that comes after PRISM said not to know it."""
    return refusal(order_id, "DISOWNED PRISM said that it does not know this order, and stays so")


def _again_id(order_id: OrderId, what: str, floor: Floor) -> EventId:
    # The same may be asked again later: life and market time tell the questions apart.
    return EventId(f"{order_id}-{what}-{floor.life}-{floor.exchange.sim_ns}")
