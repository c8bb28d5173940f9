"""`trade2026 risk dry-run`: which orders of a past day would other limits have refused?"""

import asyncio
from pathlib import Path
from typing import Final

import click
import msgspec
import uvloop
from rich.table import Table

from trade2026.adapters.policy.orders import RegoOrderPolicy
from trade2026.cli.day import DAY
from trade2026.cli.log import open_log
from trade2026.cli.options import place_options
from trade2026.cli.screen import screen
from trade2026.core.errors import InvalidInputError
from trade2026.core.numbers import format_nanos
from trade2026.desk.day import Day
from trade2026.desk.dry_run import dry_run
from trade2026.desk.policy import RiskSettings, read_policy
from trade2026.domain.risk.dry_run import MOST, Findings, PastOrder
from trade2026.edge.dry_run import HOW, TrialLimits, limits_on_trial, told
from trade2026.model.risk import LimitValues, Refusal
from trade2026.model.trial import TrialAsk
from trade2026.shell.addresses import LocalAddresses

SHOWN_MOST: Final = 50


@click.group(short_help="Try limits or a policy on a past day.")
def risk() -> None:
    """Try limits or a policy on what happened."""


@risk.command("dry-run", short_help="Show which orders of a day would have fared otherwise.")
@click.argument("day", type=DAY)
@click.option("--limits", "limits_file", type=click.Path(path_type=Path), help="JSON.")
@click.option("--policy", "policy_file", type=click.Path(path_type=Path), help="Rego.")
@place_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def dry_run_command(
    *,
    day: Day,
    limits_file: Path | None,
    policy_file: Path | None,
    data_dir: Path,
    port_offset: int,
    as_json: bool,
) -> None:
    """Judge the orders of DAY, such as 2026-11-26 (UTC), by other limits or another policy.

    The file of limits has one body of PUT /risk/limits, or a list of them; scopes that it does
    not name keep the limits they had. Without --policy, what the policy of then said stays.
    Reads the logs of a running platform and changes nothing.
    """
    limits = {} if limits_file is None else read_limits(limits_file)
    rego = "" if policy_file is None else read_policy(policy_file)
    ask = TrialAsk(begin_ns=day.begin_ns, end_ns=day.end_ns, limits=limits, policy=rego, most=MOST)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        found = runner.run(judge_day(ask, data_dir, LocalAddresses(port_offset)))
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(told(found))).decode())
    else:
        show(found)


def read_limits(path: Path) -> dict[str, LimitValues]:
    """Return the limits on trial in the file *path*, by scope.

    Raises:
        InvalidInputError: the file is not such.
    """
    try:
        text = path.read_bytes()
        is_list = text.lstrip().startswith(b"[")
        bodies = msgspec.json.decode(
            text if is_list else b"[" + text + b"]", type=list[TrialLimits]
        )
    except OSError as error:
        raise InvalidInputError("limits", f"{path}: {error.strerror}") from error
    except msgspec.DecodeError as error:
        raise InvalidInputError("limits", f"{path}: {error}") from error
    if not bodies:
        raise InvalidInputError("limits", f"{path}: there are none in it")
    return limits_on_trial(bodies)


async def judge_day(ask: TrialAsk, data_dir: Path, addresses: LocalAddresses) -> Findings:
    """Return what a dry run finds in the logs of the platform that runs there.

    Raises:
        InvalidInputError: the policy cannot be read.
        Trade2026Error: no platform ever ran there, or none runs now.
    """
    bus = await open_log(data_dir, addresses, name="dry-run")
    policy = RegoOrderPolicy(ask.policy, RiskSettings().policy_limit_s) if ask.policy else None
    try:
        if policy is not None:
            await policy.start()
        return await dry_run(
            bus,
            limits=ask.limits,
            policy=policy,
            begin_ns=ask.begin_ns,
            end_ns=ask.end_ns,
            accounts=ask.accounts,
            most=ask.most,
        )
    finally:
        if policy is not None:
            await policy.stop()
        await bus.close()


def show(found: Findings) -> None:
    """Print the findings for people: the first orders of each list."""
    click.echo(f"{found.orders} orders, {found.unjudged} of them unjudged then")
    click.echo(f"reproduced by the limits then in force: {found.reproduced}")
    _list("would have been refused", found.would_refuse, found.refused)
    for code, count in found.by_code.items():
        click.echo(f"  {code}: {count}")
    _list("were refused and would have passed", found.would_pass, found.passed)
    apart = found.orders - found.unjudged - found.reproduced
    _list("not reproduced, nothing is concluded from them", found.not_reproduced, apart)
    click.echo(HOW)


def _list(title: str, past: tuple[PastOrder, ...], count: int) -> None:
    click.echo(f"{title}: {count}")
    if not past:
        return
    table = Table(pad_edge=False)
    for column in ("order", "what", "said", "found"):
        table.add_column(column, overflow="fold")
    for one in past[:SHOWN_MOST]:
        order = one.order
        what = f"{order.side} {format_nanos(order.order_qty)} {order.symbol} {order.ord_type}"
        table.add_row(order.order_id, what, _reasons(one.said), _reasons(one.found))
    screen().print(table)
    if count > SHOWN_MOST:
        click.echo(f"  and {count - SHOWN_MOST} more: --json shows all")


def _reasons(refusals: tuple[Refusal, ...]) -> str:
    return "; ".join(_reason(one) for one in refusals) or "passed"


def _reason(one: Refusal) -> str:
    numbers = f" {one.asked or '?'} of {one.limit}" if one.limit else ""
    return f"{one.code}{numbers}"
