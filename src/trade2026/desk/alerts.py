"""Alerts: raised once, kept in the log, and standing until a person has said that it was seen."""

from collections import OrderedDict
from typing import Final

import msgspec
from structlog.typing import FilteringBoundLogger

from trade2026.core.clock import Clock
from trade2026.core.ids import EventId, Ids
from trade2026.desk.persistence import append_until_stored
from trade2026.model.risk import Alert, AlertAcknowledged
from trade2026.model.subjects import RISK_ACK, RISK_ALERT
from trade2026.ports.bus import Bus, Delivery

ALERTS_KEPT: Final = 500


class AlertBoard:
    """The newest alerts, and who has seen them."""

    def __init__(self, bus: Bus, clock: Clock, ids: Ids, log: FilteringBoundLogger) -> None:
        self._bus = bus
        self._clock = clock
        self._ids = ids
        self._log = log
        self._alerts: OrderedDict[EventId, Alert] = OrderedDict()
        self._acks: dict[EventId, AlertAcknowledged] = {}

    def newest(self) -> list[tuple[Alert, AlertAcknowledged | None]]:
        """Return the alerts, newest first, with who has seen each."""
        return [(one, self._acks.get(one.alert_id)) for one in reversed(self._alerts.values())]

    def get(self, alert_id: str) -> Alert | None:
        """Return the alert of that id, or None where there is none, or it is too old."""
        return self._alerts.get(EventId(alert_id))

    async def on_alert(self, alert: Alert, _: Delivery) -> None:
        """Take an alert out of the log, an old one after a start or the one just raised."""
        self._keep(alert)

    async def on_ack(self, ack: AlertAcknowledged, _: Delivery) -> None:
        """Take out of the log that somebody has seen an alert."""
        self._acks.setdefault(ack.alert_id, ack)

    async def tell(self, level: str, kind: str, scope: str, text: str, alert_id: str = "") -> Alert:
        """Raise an alert, durably, and return it; one of an id that is known is not raised again.

        Args:
            level: WARN, BREACH or HALT.
            kind: what it is about, one word.
            scope: whom it concerns.
            text: for people.
            alert_id: for one that must not be told twice; empty makes a new one.
        """
        known = self._alerts.get(EventId(alert_id))
        if known is not None:
            return known
        alert = Alert(
            alert_id=EventId(alert_id or self._ids.new()),
            level=level,
            kind=kind,
            scope=scope,
            text=text,
            ts_ns=self._clock.now_ns(),
        )
        self._keep(alert)
        self._log.warning("alert", **msgspec.structs.asdict(alert))
        await append_until_stored(
            self._bus, self._log, RISK_ALERT, alert, event_id=alert.alert_id, kind=kind
        )
        return alert

    async def acknowledge(self, alert: Alert, text: str, by: str) -> AlertAcknowledged:
        """Say, durably, that *by* has seen the alert; who was first stays so."""
        known = self._acks.get(alert.alert_id)
        if known is not None:
            return known
        ack = AlertAcknowledged(
            alert_id=alert.alert_id, acknowledged_by=by, text=text, ts_ns=self._clock.now_ns()
        )
        await append_until_stored(
            self._bus,
            self._log,
            RISK_ACK,
            ack,
            event_id=EventId(f"{alert.alert_id}-ack"),
            kind=alert.kind,
        )
        return self._acks.setdefault(alert.alert_id, ack)

    def _keep(self, alert: Alert) -> None:
        self._alerts.setdefault(alert.alert_id, alert)
        while len(self._alerts) > ALERTS_KEPT:
            gone, _ = self._alerts.popitem(last=False)
            self._acks.pop(gone, None)
