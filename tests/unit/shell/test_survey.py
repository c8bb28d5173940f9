"""When a platform that starts may call itself up: all of it is well at one moment."""

from collections.abc import Awaitable, Callable

import pytest

from trade2026.catalogue.component import Group
from trade2026.cli.up import up_title
from trade2026.shell.survey import ComponentState, Finding, first_well, is_well

HEALTHY, DOWN, PLANNED = ComponentState.HEALTHY, ComponentState.DOWN, ComponentState.PLANNED


def found(*states: ComponentState) -> tuple[Finding, ...]:
    return tuple(
        Finding(component=f"c{number}", state=state, address="", group=Group.CORE)
        for number, state in enumerate(states)
    )


def looks(*surveys: tuple[Finding, ...]) -> Callable[[], Awaitable[tuple[Finding, ...]]]:
    coming = iter(surveys)

    async def look() -> tuple[Finding, ...]:
        return next(coming)

    return look


async def test_two_that_are_unwell_in_turn_are_waited_for() -> None:
    well = found(HEALTHY, HEALTHY, PLANNED)
    look = looks(found(HEALTHY, DOWN), found(DOWN, HEALTHY), well, found(DOWN))

    assert await first_well(look, tries=5, every_s=0.0) == well


async def test_what_stays_unwell_is_told_in_the_end() -> None:
    look = looks(found(DOWN), found(DOWN), found(HEALTHY))

    assert not is_well(await first_well(look, tries=2, every_s=0.0))


@pytest.mark.parametrize(
    ("states", "begins"),
    [((HEALTHY, PLANNED), "Trade2026 is up"), ((HEALTHY, DOWN), "Trade2026 has started")],
)
def test_up_is_said_of_what_is_well_only(states: tuple[ComponentState, ...], begins: str) -> None:
    assert up_title(found(*states), 4.0).startswith(begins)
