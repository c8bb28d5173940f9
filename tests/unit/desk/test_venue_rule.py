"""Which account trades where."""

import pytest

from trade2026.core.errors import InvalidInputError
from trade2026.desk.venue_rule import VenueRule

RULE = VenueRule(["real"])


@pytest.mark.parametrize(
    ("account", "venue", "may"),
    [("real", "LIVE", True), ("real", "PRISM", False), ("default", "PRISM", True)],
)
def test_what_is_real_and_what_is_not_never_mix(account: str, venue: str, *, may: bool) -> None:
    if may:
        RULE.require(account, venue)
        return
    with pytest.raises(InvalidInputError, match="trades on LIVE only"):
        RULE.require(account, venue)


def test_nobody_trades_live_who_is_not_named() -> None:
    with pytest.raises(InvalidInputError, match="trades on PRISM only"):
        VenueRule([]).require("real", "LIVE")
    assert RULE.venue_of("real") == "LIVE"
    assert RULE.venue_of("default", "XNAS") == "XNAS"
