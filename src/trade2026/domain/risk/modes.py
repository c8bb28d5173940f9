"""How far trading is allowed in each scope, and who said so last.

A fold over the log of controls, tightened by what the log of orders tells of an account. The
strictest scope that covers an order binds.
"""

from typing import Final

from trade2026.core.clock import TimeNs
from trade2026.core.ids import AccountId, EventId
from trade2026.model.journal import JournalEvent, OrderReported, UnknownReported
from trade2026.model.risk import GLOBAL_SCOPE, RiskControl, TradingMode, account_scope, scopes_over

_NORMAL: Final = TradingMode.NORMAL
_STRICTNESS: Final = (_NORMAL, TradingMode.REDUCE_ONLY, TradingMode.HALTED)


class Modes:
    """The control in force in every scope; mutable, nothing but memory."""

    def __init__(self) -> None:
        self._controls: dict[str, RiskControl] = {}
        self._limited: set[str] = set()
        """The scopes whose mode is another than NORMAL."""
        self._control_ids: set[EventId] = set()
        self._tightened: dict[tuple[str, TradingMode], RiskControl] = {}
        """The newest of each kind that the log of orders told of, whatever was decided since."""
        self._effective: dict[str, RiskControl] = {}
        """The newest of each scope that took effect when the log of orders told of it."""

    def freeze(self) -> tuple[RiskControl, ...]:
        """Return what the log of orders told of accounts; the log of controls is read whole."""
        newest = self._tightened.values()
        # First what is in force: of two that limit alike, the earlier one's reason stands.
        told = self._effective.items()
        in_force = (control for scope, control in told if self._controls.get(scope) == control)
        return (*in_force, *newest)

    def thaw(self, tightened: tuple[RiskControl, ...]) -> None:
        """Take what the log of orders told before, once the log of controls has been read."""
        for control in tightened:
            self._tighten(control)

    def control(self, control: RiskControl) -> None:
        """Set the mode of a scope; the same control again changes nothing.

        Controls are made in the order of their times, but may overtake one another on the way
        through the log: one that loosens does not undo a stricter one that was made later.
        """
        if control.control_id in self._control_ids:
            return
        self._control_ids.add(control.control_id)
        known = self._controls.get(control.scope)
        if (
            known is None
            or control.ts_ns > known.ts_ns
            or _strictness(control.mode) > _strictness(known.mode)
        ):
            self._set(control)

    def tighten(self, account: AccountId, mode: TradingMode, event: JournalEvent) -> None:
        """Limit *account* after what the log tells of it, unless a person decided later."""
        if mode is not TradingMode.NORMAL:
            self._tighten(
                RiskControl(
                    control_id=event.event_id,
                    scope=account_scope(account),
                    mode=mode,
                    cancel_open=False,
                    reason=surprise_of(event),
                    asked_by="risk",
                    ts_ns=event.ts_ns,
                )
            )

    def _tighten(self, control: RiskControl) -> None:
        scope, mode = control.scope, control.mode
        self._tightened[scope, mode] = control
        known = self._controls.get(scope)
        is_stricter = _strictness(mode) > _strictness(self.mode_of(scope))
        if is_stricter and (known is None or control.ts_ns > known.ts_ns):
            self._effective[scope] = control
            self._set(control)

    def _set(self, control: RiskControl) -> None:
        self._controls[control.scope] = control
        if control.mode is _NORMAL:
            self._limited.discard(control.scope)
        else:
            self._limited.add(control.scope)

    def next_control_ns(self, scope: str, now_ns: TimeNs) -> TimeNs:
        """Return the time to give a control made now: behind every one the scope has seen.

        So that a clock that was set back cannot make a release look older than its kill.
        """
        known = self._controls.get(scope)
        return now_ns if known is None else TimeNs(max(now_ns, known.ts_ns + 1))

    def by_scope(self) -> dict[str, TradingMode]:
        """Return the mode of every scope that was ever switched."""
        return {scope: control.mode for scope, control in self._controls.items()}

    def mode_of(self, scope: str) -> TradingMode:
        """Return the mode that was set for *scope* itself."""
        known = self._controls.get(scope)
        return _NORMAL if known is None else known.mode

    def mode_over(self, account: str, strategy: str = "", symbol: str = "") -> TradingMode:
        """Return the strictest mode of all scopes that cover an order of that kind."""
        return self.mode_of(self.scope_over(account, strategy, symbol))

    def scope_over(self, account: str, strategy: str, symbol: str) -> str:
        """Return the scope whose mode binds an order: the strictest, of equals the widest."""
        if not self._limited:
            return GLOBAL_SCOPE
        scopes = scopes_over(account, strategy, symbol)
        return max(scopes, key=lambda scope: _strictness(self.mode_of(scope)))


def surprise_of(event: JournalEvent) -> str:
    """Return what is odd about *event*, or an empty text."""
    # The exact type: to ask `isinstance` of another one costs five times as much.
    if type(event) is UnknownReported:
        return f"UNKNOWN_ORDER: {event.report.exec_id} on an order nobody placed"
    return event.surprise if type(event) is OrderReported else ""


def _strictness(mode: TradingMode) -> int:
    return _STRICTNESS.index(mode)
