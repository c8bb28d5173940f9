"""Find services by name: the catalogue says which module builds which component."""

import importlib
from collections.abc import Sequence

from trade2026.catalogue.component import Engine
from trade2026.catalogue.order import start_order
from trade2026.catalogue.table import BY_NAME, TABLE
from trade2026.core.errors import StartError
from trade2026.shell.service import Build


def builds_of(names: Sequence[str]) -> dict[str, Build]:
    """Return the build functions of the services called *names*, in the order of start.

    Raises:
        StartError: there is no such service, or it is not built yet.
    """
    built = {component.name for component in TABLE if component.engine is Engine.SERVICE}
    unknown = [name for name in names if name not in built]
    if unknown or not names:
        expected = ", ".join(sorted(built))
        raise StartError(
            f"no service called {', '.join(unknown) or 'nothing'}; there are {expected}"
        )
    modules = {
        component.name: importlib.import_module(f"trade2026.services.{component.module}")
        for component in start_order(BY_NAME[name] for name in dict.fromkeys(names))
    }
    return {name: module.build for name, module in modules.items()}
