"""Which gates of realism each parameter moves: `python -m benchmarks.prism.sensitivity`.

Every parameter of the default market is lowered and raised by itself, all else and the seed left
as they are; the market runs for some days and its measures are laid beside those of the default
one. A gate is said to be moved where its measure went by more than a tenth, and further than
`SURE` standard deviations of those of markets of the same seed that differ by next to nothing, a
thousandth of a pause: less may be luck. SF1.lag5 and SF1.lag20, which are about nought, are told
where they miss. Prints the rows of the table in docs/prism-market.md; a measure in bold misses its
gate. What needs several markets (SF5.own, MS3, MS4, MS10, LB) is not looked at.

Source: one at a time designs, Saltelli et al. (2008), "Global sensitivity analysis", section 2.
"""

import argparse
import math
from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np

from trade2026.domain.realism.battery import GATES, Outcome, Tier
from trade2026.prism.agents import AGENT_TYPES
from trade2026.prism.agents.noise import NoiseParams
from trade2026.prism.config import MarketConfig, default_config
from trade2026.prism.lab.measure import alone, measure
from trade2026.prism.lab.validation import side_by_side
from trade2026.prism.params_file import ParamsEntry, with_params

SURE: Final = 4.0
"""So far that of two thousand comparisons a handful are luck."""
SYMBOL: Final = "SOLUSDT"

_MOST: Final = {"take_ratio": 0.6, "rest_ratio": 0.6, "yearly_volatility_ratio": 1.0}
"""Highest values of what doubling would take too far; the two shares are of one whole."""
_FROM_NOTHING: Final = {"gap_sds": 0.125, "risk_sds": 0.125, "lasting_impact_sds": 0.002}
"""What is tried of parameters that are 0."""
_PASSED_OVER: Final = frozenset({
    *("common_share_ratio", "season_peak_h", "season_open_h", "season_close_h"),
    "season_edge_times",
})  # fmt: skip
"""Of several symbols, of the hour at which the day begins, or of equities."""
_TAILS: Final = frozenset({"parts_exponent", "size_exponent", "depth_exponent"})
"""Of Pareto's: half of one has no mean any more."""
_TOLD: Final = tuple(
    gate
    for gate in GATES
    if gate.tier is not Tier.C and gate.name not in {"PF1", "MS2.slope", "MS9", "SF8.ratio"}
)


_LEAST_SHARE: Final = 0.1
_LEAST: Final = {"SF1.lag5": math.inf, "SF1.lag20": math.inf}


class Try(NamedTuple):
    """One parameter with another value."""

    owner: str
    field: str
    value: float

    def market(self, config: MarketConfig) -> MarketConfig:
        """Return *config* with it."""
        values = {self.field: self.value}
        if self.owner == "value":
            return with_params(config, [ParamsEntry(symbol=SYMBOL, values=values)])
        return with_params(config, [ParamsEntry(type=self.owner, values=values)])


def others_of(field: str, usual: float) -> list[float]:
    """Return a lower and a higher value to try, as far as there are such."""
    if field in _PASSED_OVER:
        return []
    if usual == 0.0:
        return [_FROM_NOTHING[field]] if field in _FROM_NOTHING else []
    times = 1.25 if field in _TAILS else 2.0
    high = usual * times
    if field in _MOST:
        high = _MOST[field]
    elif field.endswith("_ratio"):
        high = min(high, (1.0 + usual) / 2)
    return [other for other in (usual / times, high) if other != usual]


def tries(config: MarketConfig) -> Iterator[list[Try]]:
    """Yield what is tried, a list for each parameter of the types that trade."""
    traded = {group.type_name for group in config.agents}
    owners = [(kind.name, kind.params()) for kind in AGENT_TYPES if kind.name in traded]
    for owner, params in [*owners, ("value", config.symbols[0].fundamental)]:
        for field in params.__struct_fields__:
            usual: float = getattr(params, field)
            if found := [Try(owner, field, other) for other in others_of(field, usual)]:
                yield found


def moved(found: dict[str, float], usual: dict[str, float], luck: dict[str, float]) -> str:
    """Return the measures that were moved, with their values."""
    said: list[str] = []
    for gate in _TOLD:
        if gate.name not in luck:
            continue
        value, before = found[gate.name], usual[gate.name]
        is_missed = gate.judge(value) is Outcome.FAILED
        least = 0.0 if is_missed else max(abs(before) * _LEAST_SHARE, _LEAST.get(gate.name, 0.0))
        if abs(value - before) > max(SURE * luck[gate.name], least):
            text = f"{gate.name} {value:.3g}"
            said.append(f"**{text}**" if is_missed else text)
    return ", ".join(said)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--days", type=float, default=2.0)
    parser.add_argument("--seed", type=int, default=31)
    parser.add_argument("--others", type=int, default=12, help="markets that tell what luck does")
    options = parser.parse_args()
    config = alone(default_config(options.seed), SYMBOL, options.seed)

    def run(market: MarketConfig) -> dict[str, float]:
        return measure(market, days=options.days, seed=options.seed)

    pause_s = NoiseParams().mean_pause_s
    others = [
        Try("noise", "mean_pause_s", pause_s * (1.0 + n / 1_000)).market(config)
        for n in range(1, options.others + 1)
    ]
    usual, *elsewhere = side_by_side(run, [config, *others])
    luck = {
        name: float(np.std([one[name] for one in (usual, *elsewhere)], ddof=1))
        for name in usual
        if all(np.isfinite(one[name]) for one in (usual, *elsewhere))
    }
    told = [gate.name for gate in _TOLD if gate.name in luck]
    print(", ".join(f"{name} {usual[name]:.3g} ± {luck[name]:.2g}" for name in told), flush=True)
    for each in tries(config):
        found = side_by_side(run, [one.market(config) for one in each])
        cells = [
            f"{one.value:g} | {moved(values, usual, luck)}"
            for one, values in zip(each, found, strict=True)
        ]
        if len(cells) == 1:
            # What is 0 has nothing below it, and a whole share nothing above.
            cells.insert(0 if each[0].field in _FROM_NOTHING else 1, " | ")
        print(f"| {each[0].owner}.{each[0].field} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
