# ruff: noqa: INP001 - a script beside the sources of the application
"""Make the types of the API from the services' own descriptions: `make ui-types`.

The services are built in this process and not started. Their OpenAPI documents become
TypeScript in `src/api`, which is committed; with `--check` nothing is written and a
difference is a failure.
"""

import argparse
import importlib
import json
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from build import FRONTEND, install, run_npm
from prometheus_client import CollectorRegistry

from trade2026.adapters.bus.local import LocalBus, MemoryLog
from trade2026.adapters.policy.rego import RegoPolicy
from trade2026.catalogue.table import BY_NAME
from trade2026.core.clock import SystemClock
from trade2026.core.ids import system_ids
from trade2026.shell.addresses import LocalAddresses
from trade2026.shell.guard import Doorkeeper
from trade2026.shell.http import build_app
from trade2026.shell.lifecycle import ServiceLife
from trade2026.shell.logs import service_log
from trade2026.shell.openapi import document
from trade2026.shell.service import Context
from trade2026.shell.settings import Settings
from trade2026.shell.tokens import TokenVerifier

SERVICES: Final = ("authn", "gateway", "oms", "risk", "ptrc", "pnl", "PRISM")
"""Those that the application asks."""
TYPES: Final = FRONTEND / "src" / "api"
_HEADER: Final = (
    "// Made by `make ui-types` from the service's OpenAPI document; not to be edited.\n"
)


async def _no_keys() -> bytes:
    return b'{"keys":[]}'


def _crash(error: BaseException) -> None:
    raise error


def document_of(name: str, data_dir: Path) -> dict[str, Any]:
    """Return the OpenAPI document of one service, without what differs between runs."""
    clock = SystemClock()
    bus = LocalBus(MemoryLog(), clock, with_codec=False)
    context = Context(
        name=name,
        bus=bus,
        clock=clock,
        ids=system_ids(),
        log=service_log(name),
        metrics=CollectorRegistry(),
        data_dir=data_dir,
        addresses=LocalAddresses(),
        settings=Settings({}),
    )
    module = importlib.import_module(f"trade2026.services.{BY_NAME[name].module}")
    life = ServiceLife(
        module.build(context),
        bus=bus,
        clock=clock,
        log=context.log,
        registry=context.metrics,
        ping_limit_s=1.0,
        crash=_crash,
    )
    doorkeeper = Doorkeeper(TokenVerifier(_no_keys, clock), RegoPolicy())
    found = document(build_app(life, doorkeeper, purpose="", has_metrics=False))
    # Exact numbers are read as plain ones, for display; the server reads text exactly.
    for schema in found["components"]["schemas"].values():
        for name_, field in schema.get("properties", {}).items():
            if field.get("description", "").startswith("An exact decimal"):
                schema["properties"][name_] = {"type": ["number", "null"]}
                if schema["title"].endswith("Request"):
                    schema["properties"][name_] = {"type": ["number", "string", "null"]}
    return found


def types_of(name: str, folder: Path) -> str:
    """Return the TypeScript of one service's API."""
    source, made = folder / f"{name}.json", folder / f"{name}.ts"
    source.write_text(json.dumps(document_of(name, folder), sort_keys=True), "utf-8")
    run_npm("run", "--silent", "openapi", "--", str(source), "--output", str(made))
    return _HEADER + made.read_text("utf-8")


def main() -> int:
    """Write the types, or compare them, and return the exit code."""
    parser = argparse.ArgumentParser(description="Make the types of the API.")
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    is_check = parser.parse_args().check
    install()
    stale: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        for name in SERVICES:
            path, made = TYPES / f"{name.lower()}.ts", types_of(name, Path(folder))
            if path.exists() and path.read_text("utf-8") == made:
                continue
            stale.append(path.name)
            if not is_check:
                path.write_text(made, "utf-8")
    if is_check and stale:
        print(f"stale, run `make ui-types`: {', '.join(stale)}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
