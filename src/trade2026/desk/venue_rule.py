"""Which account trades where: what is real and what is simulated never mix in one position."""

from collections.abc import Sequence

from trade2026.core.errors import InvalidInputError
from trade2026.model.instrument import LIVE, PRISM


class VenueRule:
    """Accounts that trade on the live gateway's exchange, and nowhere else."""

    def __init__(self, live_accounts: Sequence[str]) -> None:
        self._live_accounts = frozenset(live_accounts)

    def venue_of(self, account: str, otherwise: str = PRISM) -> str:
        """Return where orders of *account* go."""
        return LIVE if account in self._live_accounts else otherwise

    def require(self, account: str, venue: str) -> None:
        """Return if *account* may trade on *venue*.

        Raises:
            InvalidInputError: it trades elsewhere.
        """
        if self.venue_of(account) != venue:
            raise InvalidInputError("venue", f"{account} trades on {self.venue_of(account)} only")
