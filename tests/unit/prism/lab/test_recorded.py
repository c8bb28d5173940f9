"""What a market is fitted to is read whole, and what is no recording is refused by its name."""

import gzip
from pathlib import Path

import pytest
from tests.feeds import SPOT_RECORDING, USDM_RECORDING, depth, quote, recorded, trade
from tests.realism import BARS
from tests.unit.prism.markets import a_config

from trade2026.adapters.recording import read_frames
from trade2026.core.errors import InvalidInputError
from trade2026.model.instrument import BINANCE, BINANCE_USDM
from trade2026.prism import Market
from trade2026.prism.lab.event_file import EventFile
from trade2026.prism.lab.measure import alone
from trade2026.prism.lab.real import BARS as OWN_BARS
from trade2026.prism.lab.record import START_NS, record
from trade2026.prism.lab.recorded import (
    Recorded,
    recorded_bars,
    recorded_events,
    recorded_frames,
)

S = 10**9


def frames_of(minutes: int) -> list[tuple[int, bytes]]:
    """Return a quote and a trade of every second."""
    frames: list[tuple[int, bytes]] = []
    for second in range(60 * minutes + 1):
        bid = 100 + second % 3
        frames += [
            (second * S, quote(second + 1, f"{bid}.5", "2", f"{bid + 1}.0", "4")),
            (second * S + 5, trade(second + 1, f"{bid}.5", "0.5", 1_000 * second + 1)),
        ]
    return frames


def test_frames_of_a_venue_are_a_session_in_its_own_ticks() -> None:
    found = recorded_frames(BINANCE, "BTCUSDT", frames_of(5))

    assert (found.minutes, found.symbol, found.is_bars) == (5, "BTCUSDT", False)
    assert found.portrait["trades_per_s"] == 1.0
    assert found.portrait["turnover_per_s"] == pytest.approx(0.5 * 101.75, rel=1e-3)
    assert found.portrait["spread_bps"] == pytest.approx(0.5 / 101.75 * 1e4, rel=1e-3)
    assert found.portrait["touch_value"] == pytest.approx(3 * 101.75, rel=1e-3)
    assert found.cut(3) == found.portrait


def test_frames_of_nothing_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="lasts 2 minutes"):
        recorded_frames(BINANCE, "BTCUSDT", frames_of(2))
    for frames in ([], [(1, depth(1, 2))], [(1, b"nonsense")]):
        with pytest.raises(InvalidInputError, match="no quotes"):
            recorded_frames(BINANCE, "BTCUSDT", frames)
    with pytest.raises(InvalidInputError, match="dialect"):
        recorded_frames("XNYS", "BTCUSDT", frames_of(5))


def test_bars_are_read_with_or_without_compression(tmp_path: Path) -> None:
    packed = tmp_path / "bars.csv.gz"
    packed.write_bytes(gzip.compress(OWN_BARS.read_bytes()))

    plain, other = recorded_bars(OWN_BARS), recorded_bars(packed)

    assert plain.is_bars
    assert plain.minutes == 14_400
    assert plain.portrait == other.portrait
    assert plain.portrait["volatility_minute_bps"] == pytest.approx(9.14, abs=0.01)
    # Kurtosis of two days is another one than that of ten.
    assert plain.cut(2_880)["SF2"] < 0.7 * plain.portrait["SF2"]
    assert plain.cut(14_400) == plain.portrait


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no columns"),
        ("a,b\n1,2\n", "no columns"),
        ("close,volume\n" + "1,2\n" * 9, "9 bars"),
        ("close,volume\n" + "1,x\n" * 2_000, "no number"),
        ("close,volume\n" + "1\n" * 2_000, "no number"),
        ("close,volume\n" + "0,1\n" * 2_000, "cannot be"),
        ("close,volume\n" + "1,-1\n" * 2_000, "cannot be"),
        ("close,volume\n" + "nan,1\n" * 2_000, "cannot be"),
    ],
)
def test_bars_that_are_none_are_refused(text: str, why: str, tmp_path: Path) -> None:
    path = tmp_path / "bars.csv"
    path.write_text(text)

    with pytest.raises(InvalidInputError, match=why):
        recorded_bars(path)


def test_what_cannot_be_read_is_refused(tmp_path: Path) -> None:
    cut, binary = tmp_path / "cut.csv.gz", tmp_path / "binary.csv"
    cut.write_bytes(gzip.compress(OWN_BARS.read_bytes())[:900])
    binary.write_bytes(b"\xff\xfe\x00")

    for path in (cut, binary, tmp_path / "absent.csv"):
        with pytest.raises(InvalidInputError, match="cannot be read"):
            recorded_bars(path)


def test_a_file_of_our_own_is_the_session_that_it_is_of(tmp_path: Path) -> None:
    path = tmp_path / "events.parquet"
    config = alone(a_config(), "AAPL", 3)
    with EventFile(path, [config.symbols[0].instrument], START_NS) as file:
        run = record(config, days=20 / 1_440, on_events=file.add)

    found = recorded_events(path)

    # Its last minute ends after the last event.
    assert (found.minutes, found.symbol) == (19, "AAPL")
    whole = run.session
    volume = float(whole.volume[: 19 * 60].sum() * whole.mid[: 19 * 60].mean()) * 0.01
    assert found.portrait["turnover_per_s"] == pytest.approx(volume / (19 * 60), rel=1e-9)
    assert found.portrait["touch_value"] == pytest.approx(
        float(whole.touch[: 19 * 60].mean() * whole.mid[: 19 * 60].mean()) * 0.01, rel=1e-9
    )


def test_a_file_that_begins_later_or_ends_soon_is_refused(tmp_path: Path) -> None:
    market = Market(seed=1, symbols=["AAPL"])
    with market.record(tmp_path / "short.parquet"):
        market.run(until_s=300)
    with market.record(tmp_path / "later.parquet"):
        market.run(until_s=900)
    with EventFile(tmp_path / "none.parquet"):
        pass

    for name, why in (("short", "less than 13"), ("later", "begin"), ("none", "begin")):
        with pytest.raises(InvalidInputError, match=why):
            recorded_events(tmp_path / f"{name}.parquet")


@pytest.mark.data
@pytest.mark.parametrize(
    ("venue", "name", "signs", "fit"),
    [(BINANCE_USDM, USDM_RECORDING, 0.20, 0.52), (BINANCE, SPOT_RECORDING, 0.36, 0.39)],
)
def test_recorded_sessions_have_the_measures_that_are_known_of_them(
    venue: str, name: str, signs: float, fit: float
) -> None:
    found = read_session(venue, name)

    assert found.minutes == 6
    assert found.portrait["MS1.lag1"] == pytest.approx(signs, abs=0.01)
    assert found.portrait["MS2"] == pytest.approx(fit, abs=0.01)
    assert found.portrait["spread_bps"] == pytest.approx(
        (0.1 if venue == BINANCE_USDM else 0.01) / 61_700 * 1e4, rel=0.01
    )


@pytest.mark.data
def test_the_recorded_month_of_bars_is_read() -> None:
    assert recorded_bars(recorded(BARS)).minutes > 45_000


def read_session(venue: str, name: str) -> Recorded:
    return recorded_frames(venue, "BTCUSDT", read_frames(recorded(name)))
