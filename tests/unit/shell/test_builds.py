"""The folder of services and the catalogue agree."""

from pathlib import Path

from trade2026 import services
from trade2026.catalogue.component import Engine
from trade2026.catalogue.table import TABLE

FOLDER = Path(services.__file__).parent


def test_every_built_service_has_a_module_and_the_other_way_round() -> None:
    built = {component.module for component in TABLE if component.engine is Engine.SERVICE}

    assert {file.stem for file in FOLDER.glob("*.py")} - {"__init__"} == built
