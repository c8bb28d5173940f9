"""The watchdog pulls for a silence that lasts, once, and never before the core was ready."""

from trade2026.core.clock import NS_PER_S
from trade2026.domain.risk.vigil import Sign, Vigil


def watch(*signs: tuple[float, Sign]) -> list[float]:
    """Return at which seconds the switch was pulled; a look every second in between."""
    vigil = Vigil(silent_ns=5 * NS_PER_S, gone_ns=60 * NS_PER_S)
    return [s for s, sign in signs if vigil.look(sign, int(s * NS_PER_S))]


def during(begin: int, end: int, sign: Sign) -> list[tuple[float, Sign]]:
    return [(float(s), sign) for s in range(begin, end)]


def test_one_that_freezes_is_pulled_once_and_again_only_after_it_was_ready() -> None:
    signs = [
        *during(0, 3, Sign.READY),
        *during(3, 30, Sign.SILENT),
        *during(30, 32, Sign.READY),
        *during(32, 60, Sign.SILENT),
    ]

    assert watch(*signs) == [7.0, 36.0]


def test_one_that_dies_is_given_time_to_be_started_again() -> None:
    restarted = [
        *during(0, 3, Sign.READY),
        *during(3, 20, Sign.GONE),
        *during(20, 40, Sign.SILENT),
        *during(40, 90, Sign.BUSY),
        *during(90, 93, Sign.READY),
    ]

    assert watch(*restarted) == []
    assert watch(*during(0, 3, Sign.READY), *during(3, 90, Sign.GONE)) == [62.0]


def test_nothing_is_pulled_before_it_was_ready() -> None:
    assert watch(*during(0, 200, Sign.SILENT)) == []


def test_the_watchers_own_sleep_is_no_silence_of_the_core() -> None:
    signs = [*during(0, 3, Sign.READY), (100.0, Sign.SILENT), *during(101, 104, Sign.SILENT)]

    assert watch(*signs) == []
    assert watch(*signs, *during(104, 107, Sign.SILENT)) == [105.0]


def test_why_is_said() -> None:
    vigil = Vigil(silent_ns=NS_PER_S, gone_ns=2 * NS_PER_S)
    vigil.look(Sign.READY, 0)
    frozen = vigil.look(Sign.SILENT, NS_PER_S)
    assert frozen == "the core does not answer for 1.0 s"
    vigil.look(Sign.READY, NS_PER_S)
    assert vigil.look(Sign.GONE, 3 * NS_PER_S) == "the core is gone for 2.0 s"
