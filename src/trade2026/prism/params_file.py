"""Parameters in a file: what `trade2026 sim calibrate` writes, and markets begin with.

A JSON object whose `params` are bodies of `POST /control/params`, for a type of agents or a
symbol each, so that what is in a file may as well be sent to a market that runs::

    {"params": [{"type": "noise", "values": {"mean_pause_s": 4.0}},
                {"symbol": "BTCUSDT", "values": {"mood_sds": 0.4}}]}
"""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from trade2026.core.errors import InvalidInputError
from trade2026.prism.agents import AGENT_TYPES
from trade2026.prism.config import MarketConfig
from trade2026.prism.parameters import P, changed


class ParamsEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """New values of one type of agents, or of how one symbol's value moves."""

    type: str = ""
    symbol: str = ""
    values: dict[str, float]


class ParamsFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All that is in the file."""

    params: tuple[ParamsEntry, ...]


def read_params(path: Path) -> tuple[ParamsEntry, ...]:
    """Return the parameters in the file at *path*.

    Raises:
        InvalidInputError: it cannot be read, or is of another form.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=ParamsFile).params
    except OSError as error:
        raise InvalidInputError("params", f"cannot be read: {error}") from error
    except msgspec.MsgspecError as error:
        raise InvalidInputError("params", f"{path}: {error}") from error


def write_params(path: Path, params: Sequence[ParamsEntry]) -> None:
    """Write a file that `read_params` reads; its folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(ParamsFile(params=tuple(params)))))


def with_params(config: MarketConfig, params: Sequence[ParamsEntry]) -> MarketConfig:
    """Return *config* with *params* in place of its own, in their order.

    Types that do not trade in it are checked, and left out.

    Raises:
        InvalidInputError: there is no such type, symbol or parameter, or a value is out of
            bounds; names the parameter as ``noise.mean_pause_s``, and what is allowed.
    """
    for entry in params:
        if bool(entry.type) is bool(entry.symbol):
            raise InvalidInputError("params", "an entry names one type or one symbol")
        config = _with_value(config, entry) if entry.symbol else _with_type(config, entry)
    return config


def _changed(owner: str, params: P, entry: ParamsEntry) -> P:
    try:
        return changed(params, entry.values)
    except InvalidInputError as error:
        raise InvalidInputError(f"{owner}.{error.field}", error.why) from None


def _with_value(config: MarketConfig, entry: ParamsEntry) -> MarketConfig:
    symbols = {one.instrument.symbol: one for one in config.symbols}
    if entry.symbol not in symbols:
        raise InvalidInputError("symbol", f"{entry.symbol[:40]} is none of {', '.join(symbols)}")
    old = symbols[entry.symbol]
    new = _changed(entry.symbol, old.fundamental, entry)
    symbols[entry.symbol] = msgspec.structs.replace(old, fundamental=new)
    return msgspec.structs.replace(config, symbols=tuple(symbols.values()))


def _with_type(config: MarketConfig, entry: ParamsEntry) -> MarketConfig:
    types = {one.name: one for one in AGENT_TYPES}
    if entry.type not in types:
        raise InvalidInputError("type", f"{entry.type[:40]} is none of {', '.join(types)}")
    _changed(entry.type, types[entry.type].params(), entry)
    groups = tuple(
        msgspec.structs.replace(group, params=group.params | entry.values)
        if group.type_name == entry.type
        else group
        for group in config.agents
    )
    return msgspec.structs.replace(config, agents=groups)
