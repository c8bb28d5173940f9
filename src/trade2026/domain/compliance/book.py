"""A book of rules, read from a file that people write, and what it says of a day."""

from typing import Final

import msgspec

from trade2026.core.clock import NS_PER_S
from trade2026.core.errors import InvalidInputError
from trade2026.domain.compliance.rules import AnyRule
from trade2026.domain.compliance.rules.price_far import PriceFar
from trade2026.domain.compliance.sheet import Breach, Sheet

DEFAULT_RULES: Final = """\
[[rule]]
kind = "wash_trade"
name = "wash trades between own accounts"
within_s = 5

[[rule]]
kind = "cancel_ratio"
name = "layering"
max_bps = 9500
min_orders = 100

[[rule]]
kind = "large_trade"
name = "large trades"
max_value = "1000000"

[[rule]]
kind = "concentration"
name = "concentration overnight"
max_bps = 9000
"""
"""What binds where nobody wrote a file."""


class RuleBook(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All rules, in the order of the file."""

    rule: tuple[AnyRule, ...]

    @property
    def stale_ns(self) -> int | None:
        """Return how old a price may be that a rule asks for; None where none asks."""
        ages = (one.stale_s * NS_PER_S for one in self.rule if isinstance(one, PriceFar))
        return max(ages, default=None)

    def judge(self, sheet: Sheet) -> tuple[Breach, ...]:
        """Return every breach of a day, by rule."""
        return tuple(breach for rule in self.rule for breach in rule.judge(sheet))


def read_rules(text: str, name: str) -> RuleBook:
    """Return the rules in *text*, TOML.

    Args:
        text: the file.
        name: of the file, for who has to mend it.

    Raises:
        InvalidInputError: it is no TOML, or a rule is none; says where.
    """
    try:
        book = msgspec.toml.decode(text, type=RuleBook)
    except (msgspec.MsgspecError, InvalidInputError, ValueError) as error:
        raise InvalidInputError(name, str(error)) from error
    names = [rule.name for rule in book.rule]
    twice = next((one for one in names if names.count(one) > 1), None)
    if twice is not None:
        raise InvalidInputError(name, f"two rules are called {twice!r}")
    return book
