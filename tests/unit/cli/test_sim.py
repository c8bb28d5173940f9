"""`trade2026 sim` runs markets without a platform, the same ones again, and judges them."""

import json
from pathlib import Path
from typing import Any, cast

import msgspec
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result
from tests.unit.prism.markets import a_config

from trade2026.cli.main import trade2026
from trade2026.cli.sim import REAL_NAME, found_recording
from trade2026.cli.sim_options import MarketChoice
from trade2026.cli.sim_report import gate_of, number
from trade2026.core.errors import InvalidInputError, Trade2026Error
from trade2026.domain.realism.battery import GATES
from trade2026.prism.lab import real
from trade2026.prism.price.fundamental import FundamentalParams

INF = float("inf")


def said(*words: str) -> Result:
    return CliRunner().invoke(trade2026, ["sim", *words], catch_exceptions=False)


def test_run_tells_the_hash_of_a_seed_again() -> None:
    words = ("run", "--symbol", "AAPL", "--days", "0.01", "--seed", "3")

    one, other = json.loads(said(*words, "--json").output), said(*words)

    assert one["seed"] == 3
    assert one["events"] > one["trades"] > 0
    assert other.output.splitlines()[-1] == f"digest {one['digest']}"


def test_run_without_a_seed_says_which_it_took() -> None:
    words = ("run", "--symbol", "AAPL", "--days", "0.005", "--json")

    one, other = (json.loads(said(*words).output) for _ in range(2))

    assert one["seed"] != other["seed"]


def test_validate_measures_judges_and_writes_a_report(tmp_path: Path) -> None:
    said("run", "--symbol", "AAPL", "--days", "0.01", "--seed", "5", "--out", str(tmp_path))
    reply = said(
        *("validate", "--symbol", "AAPL", "--days", "0.8", "--seeds", "2", "--seed", "5"),
        *("--pairs", "0", "--out", str(tmp_path), "--no-plots"),
        *("--real", str(tmp_path / "events.parquet")),
    )

    report = json.loads((tmp_path / "report.json").read_bytes())
    rows = {row["name"]: row for row in report["rows"]}
    assert list(rows) == [gate.name for gate in GATES]
    assert rows["MS3"]["outcome"] == "SKIPPED"
    assert rows["LB1.mean"]["outcome"] == rows["LB1.worst"]["outcome"] == "pass"
    assert 0.0 < rows["LB1.mean"]["value"] < rows["LB1.worst"]["value"]
    assert 0.0 <= report["seeds"][0]["values"]["LB1.spread"] <= 1.0
    assert report["likeness"] == "of events.parquet"
    assert "LB1 is of events.parquet" in reply.output.splitlines()
    assert rows["IN2"]["outcome"] == rows["IN1.crossed"]["outcome"] == "pass"
    assert [seed["seed"] for seed in report["seeds"]] == [5, 6]
    assert "MS3" in report["missed"]
    # A skipped gate of tier A is a missed one.
    assert reply.exit_code == 1
    last = reply.output.strip().splitlines()[-1]
    assert last.startswith(f"{23 - len(report['missed'])} of 23 gates of tier A passed, 4 of 4")
    assert last.endswith(f"missed: {' '.join(report['missed'])}")
    assert not list(tmp_path.glob("*.png"))


def test_a_recording_is_found_where_the_data_is_or_it_is_said_why_there_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = tmp_path / REAL_NAME
    there.touch()

    monkeypatch.setenv("TRADE2026_DATA", str(tmp_path))
    assert found_recording(None) == (there, "")
    assert found_recording(tmp_path) == (tmp_path, "")
    there.unlink()
    assert found_recording(None) == (None, f"TRADE2026_DATA holds no {REAL_NAME}")
    monkeypatch.delenv("TRADE2026_DATA")
    path, why = found_recording(None)
    assert path is None
    assert "neither --real nor TRADE2026_DATA" in why


def test_minute_bars_have_no_distributions_to_be_held_against() -> None:
    with pytest.raises(InvalidInputError, match="minute bars"):
        said("validate", "--real", str(Path(real.__file__).parent / "btc-perp-1m-202201.csv"))


def test_a_configuration_comes_from_a_file_and_agents_from_words(tmp_path: Path) -> None:
    file = tmp_path / "market.json"
    file.write_bytes(msgspec.json.encode(a_config(9)))

    choice = MarketChoice("MSFT", "mm:2 noise:3", file)
    config = choice.config(4)

    assert config.seed == 4
    assert [s.instrument.symbol for s in config.symbols] == ["MSFT"]
    assert [(g.type_name, g.count) for g in config.agents] == [("mm", 2), ("noise", 3)]
    assert choice.words == [
        *("--symbol", "MSFT", "--agents", "mm:2 noise:3"),
        *("--config", str(file)),
    ]
    assert MarketChoice("", "", None).words == []


def test_a_file_that_is_no_configuration_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "market.json"
    file.write_text("{}")

    with pytest.raises(InvalidInputError, match="seed"):
        MarketChoice("", "", file).config(1)


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (-INF, INF, ""),
        (-INF, 0.5, "<= 0.5"),
        (1.2, INF, ">= 1.2"),
        (5e-324, INF, "> 0"),
        (0.4, 0.6, "0.4 .. 0.6"),
        (0.0, 0.0, "= 0"),
    ],
)
def test_a_gate_is_written_as_people_do(low: float, high: float, text: str) -> None:
    assert gate_of(low, high) == text


def test_numbers_are_short() -> None:
    assert [number(0.12345), number(123456.0), number(float("nan"))] == ["0.123", "1.23e+05", ""]


def test_run_writes_every_event(tmp_path: Path) -> None:
    words = ("run", "--symbol", "AAPL", "--days", "0.005", "--seed", "3", "--json")

    told = json.loads(said(*words, "--out", str(tmp_path)).output)

    assert cast(Any, pq).read_metadata(tmp_path / "events.parquet").num_rows == told["events"]
    assert told == json.loads(said(*words).output)


def test_calibrate_fits_a_market_to_a_recording_and_others_begin_with_it(tmp_path: Path) -> None:
    hidden = tmp_path / "hidden.json"
    hidden.write_text('{"params": [{"type": "noise", "values": {"mean_pause_s": 2.0}}]}')
    words = ("--symbol", "AAPL", "--days", "0.01", "--seed", "3", "--json")
    plain = json.loads(said("run", *words).output)
    changed = said("run", *words, "--params", str(hidden), "--out", str(tmp_path))
    assert json.loads(changed.output)["trades"] > 2 * plain["trades"]

    reply = said(
        *("calibrate", "--to", str(tmp_path / "events.parquet"), "--runs", "20", "--seed", "5"),
        *("--seeds", "2", "--fit", "noise.mean_pause_s", "--fit", "mm.size_clips"),
        *("--out", str(tmp_path / "found")),
    )

    assert reply.exit_code == 0
    assert reply.output.splitlines()[-1].startswith("distance ")
    report = json.loads((tmp_path / "found" / "calibration.json").read_bytes())
    # What was traded in the recording is what the market is of.
    assert (report["symbol"], report["seed"], report["runs"]) == ("AAPL", 5, 20)
    assert report["told_after"] < report["told_before"]
    found = tmp_path / "found" / "params.json"
    again = json.loads(said("run", *words, "--params", str(found)).output)
    assert again["trades"] > 2 * plain["trades"]
    choice = MarketChoice("", "", None, found)
    assert choice.config(1).agents[1].params == report["params"][0]["values"]
    assert choice.words == ["--params", str(found)]


def test_parameters_of_a_symbol_choose_it(tmp_path: Path) -> None:
    file = tmp_path / "params.json"
    file.write_text('{"params": [{"symbol": "MSFT", "values": {"mood_sds": 0.1}}]}')

    config = MarketChoice("", "", None, file).config(1)

    assert [one.instrument.symbol for one in config.symbols] == ["MSFT"]
    assert config.symbols[0].fundamental.mood_sds == 0.1
    assert [
        one.fundamental.mood_sds for one in MarketChoice("AAPL", "", None, file).config(1).symbols
    ] == [FundamentalParams(yearly_volatility_ratio=0.5).mood_sds]


def test_a_market_that_came_no_closer_writes_no_parameters(tmp_path: Path) -> None:
    said("run", "--symbol", "AAPL", "--days", "0.01", "--seed", "3", "--out", str(tmp_path))

    reply = said(
        *("calibrate", "--to", str(tmp_path / "events.parquet"), "--runs", "2", "--seed", "5"),
        *("--seeds", "1", "--fit", "mm.gap_sds", "--fit", "mm.cell_sds"),
        *("--out", str(tmp_path / "found")),
    )

    assert reply.exit_code == 1
    assert reply.output.strip().endswith("not closer: no parameters are written")
    assert [path.name for path in (tmp_path / "found").iterdir()] == ["calibration.json"]


@pytest.mark.parametrize("name", ["text.gz", "text.parquet", "bars.csv"])
def test_calibrate_refuses_what_is_no_recording(name: str, tmp_path: Path) -> None:
    file = tmp_path / name
    file.write_text("PAR1 nonsense" if name.endswith("parquet") else "nonsense")

    with pytest.raises(Trade2026Error, match=name):
        said("calibrate", "--to", str(file), "--runs", "2")


@pytest.mark.parametrize("days", ["nan", "inf", "0", "-1"])
def test_days_that_are_none_are_refused(days: str) -> None:
    reply = said("run", "--days", days)

    assert reply.exit_code == 2
    assert "--days" in reply.output


@pytest.mark.parametrize("command", ["run", "validate"])
def test_a_folder_that_cannot_be_made_is_refused_before_anything_runs(
    command: str, tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(b"")

    reply = said(command, "--out", str(tmp_path / "file" / "deep"))

    assert reply.exit_code == 2
    assert "--out" in reply.output
