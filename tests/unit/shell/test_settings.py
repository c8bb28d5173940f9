"""Settings come from the environment, then the file, then the code; nothing else is taken."""

from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import msgspec
import pytest

from trade2026.core.errors import SettingsError
from trade2026.shell.settings import PLATFORM, PlatformSettings, Settings


class Source(StrEnum):
    """Where data come from."""

    PRISM = "prism"
    REPLAY = "replay"


class FeedSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of many types."""

    source: Source = Source.PRISM
    speed: Annotated[float, msgspec.Meta(ge=0)] = 1.0
    symbols: tuple[str, ...] = ()
    fee: Decimal = Decimal("0.0001")
    file: str | None = None
    password: str = ""
    is_loud: bool = False


class NeedySettings(msgspec.Struct, frozen=True, kw_only=True):
    """A setting without a default."""

    url: str


class PairSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Two settings that depend on each other."""

    low: int = 1
    high: int = 2

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise ValueError("low is above high")


def toml(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "trade2026.toml"
    file.write_text(text, "utf-8")
    return file


def test_defaults_hold_where_nothing_is_set() -> None:
    assert Settings({})(FeedSettings, "gateway") == FeedSettings()


def test_the_file_wins_over_the_defaults_and_the_environment_over_the_file(tmp_path: Path) -> None:
    file = toml(tmp_path, '[gateway]\nspeed = 2.5\nsource = "replay"\n')
    settings = Settings({"TRADE2026_GATEWAY_SPEED": "10"}, file)

    found = settings(FeedSettings, "gateway")

    assert found == FeedSettings(speed=10.0, source=Source.REPLAY)


def test_text_of_the_environment_becomes_the_declared_type() -> None:
    settings = Settings(
        {
            "TRADE2026_GATEWAY_SYMBOLS": "BTCUSDT, ETHUSDT",
            "TRADE2026_GATEWAY_FEE": "0.10000000000000000001",
            "TRADE2026_GATEWAY_IS_LOUD": "true",
            "TRADE2026_GATEWAY_FILE": "feeds/a.gz",
        }
    )

    found = settings(FeedSettings, "gateway")

    assert found.symbols == ("BTCUSDT", "ETHUSDT")
    assert found.fee == Decimal("0.10000000000000000001")
    assert found.is_loud
    assert found.file == "feeds/a.gz"


def test_a_number_in_the_file_is_never_a_float_on_its_way_to_a_decimal(tmp_path: Path) -> None:
    file = toml(tmp_path, "[gateway]\nfee = 0.10000000000000000001\n")

    assert Settings({}, file)(FeedSettings, "gateway").fee == Decimal("0.10000000000000000001")


def test_a_dash_and_an_underscore_spell_the_same_section(tmp_path: Path) -> None:
    file = toml(tmp_path, "[live-gateway]\nspeed = 3\n")

    assert Settings({}, file)(FeedSettings, "live-gateway").speed == 3
    assert Settings({"TRADE2026_LIVE_GATEWAY_SPEED": "4"})(FeedSettings, "live-gateway").speed == 4


def test_a_missing_file_is_an_empty_one(tmp_path: Path) -> None:
    assert Settings({}, tmp_path / "absent.toml")(FeedSettings, "gateway") == FeedSettings()


@pytest.mark.parametrize(
    ("variable", "text", "says"),
    [
        ("TRADE2026_GATEWAY_SPEED", "fast", "TRADE2026_GATEWAY_SPEED: 'fast'"),
        ("TRADE2026_GATEWAY_SPEED", "-1", ">= 0"),
        ("TRADE2026_GATEWAY_SPEED", "inf", "finite"),
        ("TRADE2026_GATEWAY_SPEED", "nan", "TRADE2026_GATEWAY_SPEED: 'nan'"),
        ("TRADE2026_GATEWAY_SOURCE", "ccxt", "TRADE2026_GATEWAY_SOURCE: 'ccxt'"),
        ("TRADE2026_GATEWAY_IS_LOUD", "perhaps", "bool"),
    ],
)
def test_a_malformed_value_is_refused_by_name(variable: str, text: str, says: str) -> None:
    settings = Settings({variable: text})

    with pytest.raises(SettingsError) as refusal:
        settings(FeedSettings, "gateway")

    assert says in str(refusal.value)


def test_a_malformed_value_in_the_file_is_refused_with_file_and_key(tmp_path: Path) -> None:
    file = toml(tmp_path, '[gateway]\nspeed = "fast"\n')

    with pytest.raises(SettingsError) as refusal:
        Settings({}, file)(FeedSettings, "gateway")

    assert f"{file}: [gateway] speed: 'fast'" in str(refusal.value)


@pytest.mark.parametrize(
    "variable",
    ["TRADE2026_GATWAY_SPEED", "TRADE2026_SPEED", "TRADE2026_gateway_speed", "TRADE2026_"],
)
def test_a_variable_of_no_section_is_refused(variable: str) -> None:
    with pytest.raises(SettingsError, match=variable):
        Settings({variable: "1"})


def test_variables_of_the_whole_process_and_of_others_are_left_alone() -> None:
    environment = {
        "TRADE2026_DATA": "/data",
        "TRADE2026_DATA_DIR": "/data",
        "TRADE2026_PORT_OFFSET": "1",
        "TRADE2026_CONFIG": "/c.toml",
        "TRADE2026_REQUIRE_SERVERS": "1",
        "TRADE2026_LOG_FORMAT": "json",
        "TRADE2026_LOG_LEVEL": "info",
        "PATH": "/bin",
    }

    Settings(environment).refuse_unknown(["gateway"])


def test_an_unknown_field_of_a_running_service_is_refused() -> None:
    settings = Settings({"TRADE2026_GATEWAY_SPEEED": "1"})
    settings(FeedSettings, "gateway")

    with pytest.raises(SettingsError, match=r"TRADE2026_GATEWAY_SPEEED='1' is unknown.*speed"):
        settings.refuse_unknown(["gateway"])


def test_an_unknown_field_in_the_file_is_refused_with_file_and_key(tmp_path: Path) -> None:
    settings = Settings({}, toml(tmp_path, "[gateway]\nspeeed = 1\n"))
    settings(FeedSettings, "gateway")

    with pytest.raises(SettingsError, match=r"trade2026.toml: \[gateway\] speeed=1 is unknown"):
        settings.refuse_unknown(["gateway"])


def test_a_service_without_settings_refuses_every_field() -> None:
    with pytest.raises(SettingsError, match="the section has no fields"):
        Settings({"TRADE2026_RISK_X": "1"}).refuse_unknown(["risk"])


def test_fields_of_services_that_do_not_run_here_are_not_judged() -> None:
    Settings({"TRADE2026_RISK_X": "1"}).refuse_unknown(["gateway"])


def test_a_section_may_be_read_by_several_structs() -> None:
    settings = Settings({"TRADE2026_GATEWAY_SPEED": "2", "TRADE2026_GATEWAY_LOW": "0"})
    settings(FeedSettings, "gateway")
    settings(PairSettings, "gateway")

    settings.refuse_unknown(["gateway"])


@pytest.mark.parametrize(
    "text", ["[nowhere]\nx = 1\n", "gateway = 1\n", "[gateway]\n[GATEWAY]\n", "not toml", "é = 'ü"]
)
def test_a_file_that_is_not_ours_is_refused_by_name(tmp_path: Path, text: str) -> None:
    file = toml(tmp_path, text)

    with pytest.raises(SettingsError, match=r"trade2026\.toml"):
        Settings({}, file)


def test_a_secret_is_never_shown() -> None:
    class SecretSettings(msgspec.Struct):
        password: int = 0

    settings = Settings({"TRADE2026_GATEWAY_PASSWORD": "hunter2"})
    with pytest.raises(SettingsError) as malformed:
        settings(SecretSettings, "gateway")

    unknown = Settings({"TRADE2026_RISK_API_KEY": "hunter2"})
    with pytest.raises(SettingsError) as refused:
        unknown.refuse_unknown(["risk"])
    with pytest.raises(SettingsError) as homeless:
        Settings({"TRADE2026_TOKEN": "hunter2"})

    shown = f"{malformed.value}{malformed.value.__cause__}{refused.value}{homeless.value}"
    assert "hunter2" not in shown


def test_a_missing_value_without_a_default_is_refused_by_name() -> None:
    with pytest.raises(SettingsError, match="TRADE2026_GATEWAY_URL is missing"):
        Settings({})(NeedySettings, "gateway")


def test_a_struct_may_refuse_a_combination() -> None:
    with pytest.raises(SettingsError, match="section gateway: low is above high"):
        Settings({"TRADE2026_GATEWAY_LOW": "9"})(PairSettings, "gateway")


def test_a_named_file_must_exist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRADE2026_CONFIG", str(tmp_path / "absent.toml"))

    with pytest.raises(SettingsError, match="TRADE2026_CONFIG"):
        Settings.of_process(tmp_path)


def test_the_file_of_the_data_directory_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TRADE2026_CONFIG", raising=False)
    toml(tmp_path, "[platform]\ndrain_s = 1\n")

    settings = Settings.of_process(tmp_path)(PlatformSettings, PLATFORM)

    assert settings == PlatformSettings(drain_s=1.0)
