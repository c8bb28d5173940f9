"""Bookings at work: what ptrc asks to have booked, journalled by the log's one writer."""

from structlog.typing import FilteringBoundLogger

from trade2026.core.errors import InvalidInputError
from trade2026.desk.journal import Journal
from trade2026.model.booking import Booked, BookRequest


class Bookkeeper:
    """Writes bookings to the log of orders.

    Args:
        journal: the log's one pen.
        accounts: those that exist.
        log: told of everything that was booked.
    """

    def __init__(
        self, journal: Journal, accounts: tuple[str, ...], log: FilteringBoundLogger
    ) -> None:
        self._journal = journal
        self._accounts = frozenset(accounts)
        self._log = log

    async def on_book(self, request: BookRequest) -> Booked:
        """Journal what is asked for, in its order, however long the log is away.

        Raises:
            InvalidInputError: an account does not exist; nothing was journalled.
        """
        for booking in request.bookings:
            if booking.account not in self._accounts:
                raise InvalidInputError("account", f"no account {booking.account[:40]}")
        seq = 0
        for booking in request.bookings:
            seq = await self._journal.write(booking)
            self._log.info(
                "booked",
                kind=type(booking).__name__,
                key=booking.event_id,
                account=booking.account,
                by=booking.asked_by,
            )
        return Booked(journal_seq=seq)
