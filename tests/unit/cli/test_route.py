"""`trade2026 route`: the file of rules that it reads."""

from pathlib import Path

import pytest

from trade2026.cli.route import read_rules
from trade2026.core.errors import InvalidInputError
from trade2026.edge.routing import RouteRuleBody
from trade2026.model.route import RouteBy


def test_rules_are_read_in_their_order(tmp_path: Path) -> None:
    file = tmp_path / "rules.json"
    file.write_text(
        '[{"name": "coins", "venues": ["LIVE", "PRISM"], "by": "PRICE", "symbols": ["BTCUSDT"]},'
        ' {"name": "rest", "venues": ["PRISM"]}]',
        "utf-8",
    )

    assert read_rules(file) == [
        RouteRuleBody(
            name="coins", venues=("LIVE", "PRISM"), by=RouteBy.PRICE, symbols=("BTCUSDT",)
        ),
        RouteRuleBody(name="rest", venues=("PRISM",)),
    ]


@pytest.mark.parametrize(
    "text",
    ["", "{}", '[{"name": "one"}]', '[{"name": "", "venues": ["PRISM"]}]', '[{"of": "what"}]'],
)
def test_what_is_no_list_of_rules_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "rules.json"
    file.write_text(text, "utf-8")

    with pytest.raises(InvalidInputError):
        read_rules(file)
    with pytest.raises(InvalidInputError, match="No such file"):
        read_rules(tmp_path / "nothing.json")
