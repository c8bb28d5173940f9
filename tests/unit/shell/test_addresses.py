"""The ports are the catalogue's, shifted together."""

import pytest

from trade2026.catalogue.table import TABLE
from trade2026.core.errors import StartError
from trade2026.shell.addresses import LocalAddresses


def test_without_an_offset_the_ports_are_the_catalogues() -> None:
    addresses = LocalAddresses()

    assert addresses.port("oms") == 8099
    assert addresses.url("oms") == "http://127.0.0.1:8099"
    assert addresses.port("NATS", "http") == 8222
    assert addresses.metrics_port("oms") == 9099
    assert addresses.metrics_port("gateway") is None


def test_an_offset_shifts_every_port() -> None:
    addresses = LocalAddresses(20_000)

    assert addresses.port_offset == 20_000
    assert addresses.url("nginx") == "http://127.0.0.1:22026"
    assert addresses.metrics_port("oms") == 29_099
    for component in TABLE:
        plain = LocalAddresses().ports(component.name)
        assert addresses.ports(component.name) == tuple(port + 20_000 for port in plain)


def test_a_url_says_what_is_spoken_there() -> None:
    addresses = LocalAddresses()

    assert addresses.url("NATS") == "nats://127.0.0.1:4222"
    assert addresses.url("NATS", "client") == "nats://127.0.0.1:4222"
    assert addresses.url("NATS", "http") == "http://127.0.0.1:8222"
    assert addresses.url("Valkey") == "valkey://127.0.0.1:6379"
    assert addresses.url("PostgreSQL") == "postgresql://127.0.0.1:5433"


@pytest.mark.parametrize("offset", [-1, 56_000, 10**9])
def test_an_offset_that_leaves_the_range_of_ports_is_refused(offset: int) -> None:
    with pytest.raises(StartError, match=f"must be 0 to 53195, not {offset};.*--port-offset"):
        LocalAddresses(offset)


def test_the_largest_offset_is_allowed() -> None:
    highest = max(max(LocalAddresses(53_195).ports(c.name)) for c in TABLE)

    assert highest == 65_535


def test_an_unknown_component_or_port_is_an_error() -> None:
    with pytest.raises(KeyError):
        LocalAddresses().port("nobody")
    with pytest.raises(KeyError):
        LocalAddresses().url("oms", "nothing")
