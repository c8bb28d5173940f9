"""Settings: from the environment, then a TOML file, then the defaults in the code.

A section belongs to a component, or is `platform`; its fields are those of the struct that
reads it. ``TRADE2026_GATEWAY_SPEED`` and, in the file, ``speed`` under ``[gateway]`` are the
same setting, and the environment wins. A setting that nobody knows, or that is malformed,
refuses to start: a typing error must never become a silent default.

This is the only file that reads the environment.
"""

import math
import os
import tomllib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar, get_origin

import msgspec

from trade2026.catalogue.table import TABLE
from trade2026.core.errors import SettingsError

S = TypeVar("S", bound=msgspec.Struct)

PREFIX: Final = "TRADE2026_"
PLATFORM: Final = "platform"
WATCHDOG_SECTION: Final = "watchdog"
FILE_NAME: Final = "trade2026.toml"
FILE_BYTES_MAX: Final = 1024 * 1024

PROCESS_WIDE: Final = frozenset(
    {"DATA", "DATA_DIR", "PORT_OFFSET", "CONFIG", "REQUIRE_SERVERS", "LOG_FORMAT", "LOG_LEVEL"}
)
"""Variables, without the prefix, that belong to no section."""

SECTIONS: Final = frozenset(
    {PLATFORM, WATCHDOG_SECTION, *(component.module for component in TABLE)}
)
"""Every section there can be, whichever services run."""

_LOOPBACK: Final = "127.0.0.1,localhost"
_SECRET_WORDS: Final = frozenset({"password", "secret", "token", "key", "credential"})

Positive = Annotated[float, msgspec.Meta(gt=0)]


class ObjectsKind(StrEnum):
    """What keeps the objects: the lake, models, results."""

    SEAWEEDFS = "seaweedfs"
    FILE = "file"
    """A folder of the data directory; SeaweedFS is not started."""


class PlatformSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What holds for every process: section `platform`."""

    bus_wait_s: Positive = 30.0
    """How long a process waits at its start for the bus."""
    request_limit_s: Positive = 10.0
    """After this long a request is answered with 504; its handler is not broken off."""
    drain_s: Positive = 3.0
    """How long running requests may take to finish when the process stops."""
    ping_limit_s: Positive = 1.0
    """How long one check of `/health` may take."""
    free_space_mb_min: Annotated[int, msgspec.Meta(ge=0)] = 500
    """Free space that the data directory needs at the start."""
    objects: ObjectsKind | None = None
    """What keeps the objects; None goes on with what the data directory has."""


def process_environment() -> Mapping[str, str]:
    """Return the environment of this process."""
    return os.environ


def forget_foreign_settings() -> None:
    """Take out of this process's environment what libraries would read behind our back.

    The clients of object storage read keys, tokens and proxies from there and mix them with
    what they are given; a user's own cloud account would then keep ours shut.
    """
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    for name in ("NO_PROXY", "no_proxy"):
        given = os.environ.get(name)
        os.environ[name] = f"{given},{_LOOPBACK}" if given else _LOOPBACK


def section_name(text: str) -> str:
    """Return the name of a section as settings spell it, such as ``live_gateway``."""
    return text.lower().replace("-", "_")


class Settings:
    """The settings of one process, read once and checked as structs ask for them."""

    def __init__(self, environment: Mapping[str, str], file: Path | None = None) -> None:
        """Read the environment and, if given and there, the file.

        Raises:
            SettingsError: the file is unreadable, or a section does not exist.
        """
        self._file = file
        self._from_environment = _split(environment)
        self._from_file = {} if file is None else _read(file)
        self._read_by: dict[str, set[str]] = {}

    @classmethod
    def of_process(cls, data_dir: Path) -> "Settings":
        """Return the settings of this process; the file is in *data_dir* unless named.

        Raises:
            SettingsError: as for the constructor, or the named file does not exist.
        """
        environment = process_environment()
        named = environment.get(f"{PREFIX}CONFIG")
        if named is not None and not Path(named).is_file():
            raise SettingsError(f"{PREFIX}CONFIG={named!r}: expected a file that exists")
        return cls(environment, Path(named) if named else data_dir / FILE_NAME)

    def __call__(self, kind: type[S], section: str) -> S:
        """Return the struct *kind* filled from *section*.

        Raises:
            SettingsError: a value is malformed or a required one is missing; names it.
        """
        section = section_name(section)
        assert section in SECTIONS, section
        known = self._read_by.setdefault(section, set())
        values: dict[str, Any] = {}
        for field in msgspec.structs.fields(kind):
            known.add(field.name)
            found, where, value = self._find(section, field.name)
            if found:
                values[field.name] = _converted(field, where, value)
            elif field.required:
                raise SettingsError(
                    f"{_variable(section, field.name)} is missing and has no default"
                )
        try:
            return kind(**values)
        except ValueError as error:
            raise SettingsError(f"section {section}: {error}") from error

    def has_any(self, section: str) -> bool:
        """Return whether anything is set in *section*."""
        return bool(self._from_environment[section] or self._from_file.get(section))

    def refuse_unknown(self, sections: Sequence[str]) -> None:
        """Refuse fields that no struct has read, in the sections of the services that run.

        Call it when every service is built.

        Raises:
            SettingsError: names the first such setting and the fields that exist.
        """
        for section in (PLATFORM, *map(section_name, sections)):
            known = self._read_by.get(section, set())
            for name in {**self._from_file.get(section, {}), **self._from_environment[section]}:
                if name not in known:
                    _, where, value = self._find(section, name)
                    fields = ", ".join(sorted(known)) or "nothing: the section has no fields"
                    shown = "" if _is_secret(name) else f"={value!r}"
                    raise SettingsError(f"{where}{shown} is unknown; expected {fields}")

    def _find(self, section: str, name: str) -> tuple[bool, str, Any]:
        if name in self._from_environment[section]:
            return True, _variable(section, name), self._from_environment[section][name]
        if name in self._from_file.get(section, {}):
            where = f"{self._file}: [{section}] {name}"
            return True, where, self._from_file[section][name]
        return False, "", None


def _variable(section: str, name: str) -> str:
    return f"{PREFIX}{section}_{name}".upper()


def _split(environment: Mapping[str, str]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {section: {} for section in SECTIONS}
    for variable, text in environment.items():
        rest = variable.removeprefix(PREFIX)
        if rest == variable or rest in PROCESS_WIDE:
            continue
        lowered = rest.lower()
        fitting = [section for section in SECTIONS if lowered.startswith(f"{section}_")]
        if not fitting or not rest.isupper():
            shown = "" if _is_secret(lowered) else f"={text!r}"
            raise SettingsError(
                f"{variable}{shown} is unknown; expected {PREFIX}<SECTION>_<FIELD> in upper case"
                f" with a section of {', '.join(sorted(SECTIONS))}"
            )
        # One section's name may begin another's: the longest is meant.
        section = max(fitting, key=len)
        found[section][lowered.removeprefix(f"{section}_")] = text
    return found


def _read(file: Path) -> dict[str, dict[str, Any]]:
    if not file.exists():
        return {}
    try:
        if file.stat().st_size > FILE_BYTES_MAX:
            raise SettingsError(f"{file} is larger than {FILE_BYTES_MAX} bytes")
        # Decimals, so that a number in the file is never a float on its way to money.
        parsed = tomllib.loads(file.read_text("utf-8"), parse_float=Decimal)
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file} cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{file} is not TOML: {error}") from error
    sections: dict[str, dict[str, Any]] = {}
    for spelled, fields in parsed.items():
        section = section_name(spelled)
        if section not in SECTIONS or not isinstance(fields, dict):
            expected = ", ".join(f"[{name}]" for name in sorted(SECTIONS))
            raise SettingsError(f"{file}: [{spelled}] is unknown; expected one of {expected}")
        if section in sections:
            raise SettingsError(f"{file}: [{spelled}] is there twice under two spellings")
        sections[section] = fields
    return sections


def _converted(field: msgspec.structs.FieldInfo, where: str, value: object) -> object:
    is_text = isinstance(value, str)
    if is_text and _is_sequence(field.type):
        value = [part.strip() for part in value.split(",") if part.strip()]
    shown = "a secret" if _is_secret(field.name) else repr(value)
    try:
        found = msgspec.convert(value, field.type, strict=not is_text)
    except msgspec.ValidationError as error:
        # A cause could show a secret in a traceback.
        raise SettingsError(f"{where}: {shown} is malformed: {error}") from None
    if isinstance(found, float) and not math.isfinite(found):
        raise SettingsError(f"{where}: {shown} is malformed: expected a finite number")
    return found


def _is_sequence(kind: object) -> bool:
    return (get_origin(kind) or kind) in {list, tuple, set, frozenset, Sequence}


def _is_secret(name: str) -> bool:
    return not _SECRET_WORDS.isdisjoint(name.split("_"))
