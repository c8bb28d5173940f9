"""A process that consumes deposits, says so, and dies of the one it is told to.

Run as ``python -m tests.integration.bus.mortal URL USER PASSWORD FATAL``. It prints
``account number`` for each deposit it handled, and ``poison number`` for the alarm.
"""

import asyncio
import os
import sys

from trade2026.adapters.bus.nats import NatsBus
from trade2026.core.clock import SystemClock
from trade2026.model.journal import CashDeposited, JournalEvent
from trade2026.model.subjects import ORDERS_EVENT, Event
from trade2026.ports.bus import Delivery


async def _main(url: str, user: str, password: str, fatal: int) -> None:
    bus = await NatsBus.connect(
        url=url, user=user, password=password, name="mortal", clock=SystemClock()
    )

    async def take(event: JournalEvent, _delivery: Delivery) -> None:
        assert isinstance(event, CashDeposited)
        if event.amount == fatal:
            os._exit(9)
        # A little work, so that places are written down while a log is read.
        await asyncio.sleep(0.001)
        print(event.account, int(event.amount), flush=True)  # noqa: T201 - read by the test.

    async def ring(
        _subject: Event[object], message: object, _delivery: Delivery, reason: str
    ) -> None:
        assert isinstance(message, CashDeposited)
        print("poison", int(message.amount), reason, flush=True)  # noqa: T201 - read by the test.

    await bus.consume(ORDERS_EVENT, take, durable="mortal", on_poison=ring, max_tries=3)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])))
