"""Records what empyrical-reloaded and quantstats say of curves, for the tests to compare with.

They bring pandas, SciPy, matplotlib and a downloader of prices along, so they are no dependency
of ours, not even of the tests. Run once, in an environment of its own::

    python -m venv oracle
    oracle/bin/pip install empyrical-reloaded==0.7.1 quantstats==0.0.86
    oracle/bin/python tests/golden/performance/record.py

It writes `oracle.json` beside itself: returns, periods a year, the riskless return of a period,
and what each library gave. Recorded with Python 3.11, numpy 2.4.6, pandas 3.1.1.
"""

import json
import random  # noqa: TID251 - it runs outside the project, where there is no core.chance.
from importlib import import_module
from pathlib import Path
from typing import Any

CASES = {
    "a quiet year": (11, 252, 252, 0.0004, 0.01, 0.0),
    "a wild month of hours": (12, 720, 8760, 0.0, 0.02, 0.0),
    "a losing quarter": (13, 90, 365, -0.002, 0.015, 0.0),
    "above a riskless rate": (14, 365, 365, 0.001, 0.012, 0.0001),
    "few and far between": (15, 3, 252, 0.01, 0.05, 0.0),
}


def returns_of(seed: int, count: int, mean: float, spread: float) -> list[float]:
    """Return *count* returns, every seventh of which is zero."""
    dice = random.Random(seed)  # noqa: S311 - numbers for a test.
    drawn = [round(dice.gauss(mean, spread), 6) for _ in range(count)]
    return [0.0 if place % 7 == 6 else one for place, one in enumerate(drawn)]


def oracle(returns: list[float], a_year: int, riskless: float) -> dict[str, Any]:
    """Return what the libraries say."""
    # By name: nobody who checks or runs the tests has them.
    empyrical: Any = import_module("empyrical")
    pandas: Any = import_module("pandas")
    stats: Any = import_module("quantstats.stats")
    days = pandas.date_range("2024-01-01", periods=len(returns), freq="D")
    series = pandas.Series(returns, index=days)
    year = {"annualization": a_year}
    return {
        "total_return": empyrical.cum_returns_final(series),
        "annual_return": empyrical.annual_return(series, **year),
        "annual_volatility": empyrical.annual_volatility(series, **year),
        "sharpe": empyrical.sharpe_ratio(series, risk_free=riskless, **year),
        "sortino": empyrical.sortino_ratio(series, required_return=riskless, **year),
        "calmar": empyrical.calmar_ratio(series, **year),
        "max_drawdown": empyrical.max_drawdown(series),
        "hit_rate": stats.win_rate(series),
        "profit_factor": stats.profit_factor(series),
        "quantstats": {
            "total_return": stats.comp(series),
            "annual_volatility": stats.volatility(series, periods=a_year),
            "max_drawdown": stats.max_drawdown(series),
            **(
                {}
                if riskless
                else {
                    "sharpe": stats.sharpe(series, periods=a_year),
                    "sortino": stats.sortino(series, periods=a_year),
                }
            ),
        },
    }


if __name__ == "__main__":
    recorded: list[dict[str, Any]] = []
    for name, (seed, count, a_year, mean, spread, riskless) in CASES.items():
        returns = returns_of(seed, count, mean, spread)
        said = oracle(returns, a_year, riskless)
        recorded.append(
            {
                "name": name,
                "returns": returns,
                "periods_a_year": a_year,
                "riskless": riskless,
                "oracle": json.loads(json.dumps(said, default=float)),
            }
        )
    path = Path(__file__).parent / "oracle.json"
    path.write_text(json.dumps(recorded, indent=1) + "\n", "utf-8")
