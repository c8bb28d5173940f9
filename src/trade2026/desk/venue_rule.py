"""Which account trades where: what is real and what is simulated never mix in one position."""

from collections.abc import Sequence

from trade2026.core.errors import InvalidInputError
from trade2026.model.instrument import LIVE, PRISM


class VenueRule:
    """Accounts that trade on the live gateway's exchange, and nowhere else.

    Args:
        live_accounts: those.
        routed_accounts: they may trade everywhere, by the rules of routing.
    """

    def __init__(self, live_accounts: Sequence[str], routed_accounts: Sequence[str] = ()) -> None:
        self._live_accounts = frozenset(live_accounts)
        self._routed_accounts = frozenset(routed_accounts)

    def is_routed(self, account: str) -> bool:
        """Return whether orders of *account* that name no venue go by the rules of routing."""
        return account in self._routed_accounts

    def venue_of(self, account: str, otherwise: str = PRISM) -> str:
        """Return where orders of *account* go."""
        return LIVE if account in self._live_accounts else otherwise

    def require(self, account: str, venue: str) -> None:
        """Return if *account* may trade on *venue*.

        Raises:
            InvalidInputError: it trades elsewhere.
        """
        if not self.is_routed(account) and self.venue_of(account) != venue:
            raise InvalidInputError("venue", f"{account} trades on {self.venue_of(account)} only")
