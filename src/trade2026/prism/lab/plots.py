"""Pictures of what was measured: returns, memory, tails, impact, spread and depth.

Drawn with matplotlib, which comes with the extra `lab` only.
"""

import importlib
import importlib.util
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from trade2026.core.errors import Trade2026Error
from trade2026.domain.realism.flow import by_distance
from trade2026.domain.realism.returns import log_returns
from trade2026.domain.realism.series import autocorrelations, centred, log_lags
from trade2026.domain.realism.session import Session
from trade2026.prism.lab.validation import Impact, Seed

_LAGS: Final = range(1, 121)
_SIZE: Final = (8.0, 4.5)
_DPI: Final = 110
_DISTANCES: Final = 60


def require_plots() -> None:
    """Return if pictures can be drawn here.

    Raises:
        Trade2026Error: matplotlib is missing; says what to install.
    """
    if importlib.util.find_spec("matplotlib") is None:
        raise Trade2026Error(
            "plots need matplotlib: pip install 'trade2026[lab]', or ask for --no-plots"
        )


def write_plots(folder: Path, runs: Sequence[Seed], impact: Impact | None) -> list[Path]:
    """Draw the first run, and impact where there is one; return the files, PNG.

    Raises:
        Trade2026Error: matplotlib is missing.
    """
    require_plots()
    folder.mkdir(parents=True, exist_ok=True)
    session = runs[0].session
    drawings: dict[str, Callable[[Any], None]] = {
        "returns": lambda axes: _returns(axes, session),
        "memory": lambda axes: _memory(axes, session),
        "tails": lambda axes: _tails(axes, session),
        "signs": lambda axes: _signs(axes, session),
        "spread": lambda axes: _spread(axes, session),
        "depth": lambda axes: _depth(axes, session),
    }
    if impact is not None:
        drawings["impact"] = lambda axes: _impact(axes, impact)
    return [_draw(folder / f"{name}.png", draw) for name, draw in drawings.items()]


def _draw(path: Path, draw: Callable[[Any], None]) -> Path:
    # Figures of their own, without pyplot, which would ask for a screen and keep them all.
    figures: Any = importlib.import_module("matplotlib.figure")
    figure = figures.Figure(figsize=_SIZE, layout="constrained")
    draw(figure.add_subplot())
    figure.savefig(path, dpi=_DPI)
    return path


def _returns(axes: Any, session: Session) -> None:  # noqa: ANN401 - matplotlib's, without types here
    axes.plot(1e4 * log_returns(session.minute_mid()), linewidth=0.4)
    axes.set(title="returns", xlabel="minute", ylabel="basis points")


def _memory(axes: Any, session: Session) -> None:  # noqa: ANN401
    moves = log_returns(session.minute_mid())
    axes.plot(_LAGS, autocorrelations(moves, _LAGS), label="returns")
    axes.plot(_LAGS, autocorrelations(np.abs(moves), _LAGS), label="sizes")
    axes.axhline(0.0, color="black", linewidth=0.5)
    axes.set(title="autocorrelation", xlabel="lag, minutes")
    axes.legend()


def _tails(axes: Any, session: Session) -> None:  # noqa: ANN401
    moves = centred(log_returns(session.minute_mid()))
    sizes = np.sort(np.abs(moves / moves.std()))[::-1]
    beyond = np.arange(1, len(sizes) + 1) / len(sizes)
    axes.loglog(sizes, beyond, ".", label="this market")
    cubic = sizes[sizes > 1.0]
    axes.loglog(cubic, 0.3 * cubic**-3.0, label="inverse cubic")
    axes.set(title="sizes of returns beyond", xlabel="standard deviations", ylabel="share")
    axes.legend()


def _signs(axes: Any, session: Session) -> None:  # noqa: ANN401
    lags = log_lags(1_000, 30)
    axes.loglog(lags, autocorrelations(session.trade_sign.astype(np.float64), lags), "o-")
    axes.set(title="autocorrelation of trade signs", xlabel="lag, trades")


def _spread(axes: Any, session: Session) -> None:  # noqa: ANN401
    seen = int(np.flatnonzero(session.spread_s).max(initial=1)) + 1
    axes.bar(range(seen), session.spread_s[:seen] / session.spread_s.sum())
    axes.set(title="spread", xlabel="ticks", ylabel="share of time")


def _depth(axes: Any, session: Session) -> None:  # noqa: ANN401
    shown = by_distance(session)[:_DISTANCES]
    axes.bar(range(1, len(shown) + 1), shown)
    axes.set(title="mean depth", xlabel="distance from the best, spreads", ylabel="lots")


def _impact(axes: Any, impact: Impact) -> None:  # noqa: ANN401
    shares, peaks = np.array(impact.shares), np.array(impact.peaks)
    axes.loglog(shares, peaks, "o-", label=f"exponent {impact.exponent:.2f}")
    axes.loglog(shares, peaks[0] * np.sqrt(shares / shares[0]), "--", label="square root")
    axes.set(title="impact of metaorders", xlabel="share of a day's volume", ylabel="ticks")
    axes.legend()
