"""One platform for the tests that only use it; those that kill start their own."""

from collections.abc import Iterator

import pytest
from tests.e2e.rig import Platform, running_platform


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A fresh platform on the simulated market, started by the README's first command."""
    data_dir = tmp_path_factory.mktemp("platform") / "data"
    with running_platform(data_dir, by_make=True) as running:
        yield running
