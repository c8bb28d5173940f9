"""`trade2026 risk dry-run`: which orders of a past day would other limits have refused?"""

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Final

import click
import msgspec
import uvloop
from rich.table import Table

from trade2026.adapters.policy.orders import RegoOrderPolicy
from trade2026.cli.log import open_log
from trade2026.cli.options import place_options
from trade2026.cli.replay import end_of
from trade2026.cli.screen import screen
from trade2026.core.clock import NS_PER_S, TimeNs
from trade2026.core.errors import InvalidInputError
from trade2026.core.numbers import format_nanos
from trade2026.desk.dry_run import dry_run
from trade2026.desk.policy import RiskSettings, read_policy
from trade2026.domain.risk.dry_run import Findings, PastOrder
from trade2026.edge.risk_limits import LimitsRequest, limit_values, limits_scope
from trade2026.model.risk import LimitValues, Refusal
from trade2026.shell.addresses import LocalAddresses

NS_PER_DAY: Final = 86_400 * NS_PER_S
SHOWN_MOST: Final = 50
HOW: Final = (
    "Each order is judged on the real course of events: one that would have been refused has "
    "traded all the same for those after it."
)


class TrialLimits(LimitsRequest, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Limits on trial: a body of `PUT /risk/limits`, which needs no reason here."""

    reason: str = "on trial"


class ToldOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order of the answer, as JSON shows it."""

    order_id: str
    account: str
    strategy: str
    symbol: str
    side: str
    type: str
    quantity: str
    price: str | None
    at_ns: TimeNs
    said: tuple[Refusal, ...]
    found: tuple[Refusal, ...]


@click.group(short_help="Try limits or a policy on a past day.")
def risk() -> None:
    """Try limits or a policy on what happened."""


@risk.command("dry-run", short_help="Show which orders of a day would have fared otherwise.")
@click.argument("day", metavar="DAY", type=click.DateTime(["%Y-%m-%d"]))
@click.option("--limits", "limits_file", type=click.Path(path_type=Path), help="JSON.")
@click.option("--policy", "policy_file", type=click.Path(path_type=Path), help="Rego.")
@place_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def dry_run_command(
    *,
    day: datetime,
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
    rego = None if policy_file is None else read_policy(policy_file)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        found = runner.run(_run(limits, rego, end_of(day), data_dir, LocalAddresses(port_offset)))
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
    return {limits_scope(body): limit_values(body) for body in bodies}


def told(found: Findings) -> dict[str, object]:
    """Return the findings as JSON shows them, with exact numbers as texts."""
    lists = {
        "would_refuse": found.would_refuse,
        "would_pass": found.would_pass,
        "not_reproduced": found.not_reproduced,
    }
    return {
        "how": HOW,
        "orders": found.orders,
        "reproduced": found.reproduced,
        "unjudged": found.unjudged,
        "by_code": found.by_code,
        **{name: [_told(one) for one in past] for name, past in lists.items()},
    }


async def _run(
    limits: dict[str, LimitValues],
    rego: str | None,
    end_ns: TimeNs,
    data_dir: Path,
    addresses: LocalAddresses,
) -> Findings:
    bus = await open_log(data_dir, addresses, name="dry-run")
    policy = None if rego is None else RegoOrderPolicy(rego, RiskSettings().policy_limit_s)
    try:
        if policy is not None:
            await policy.start()
        return await dry_run(
            bus,
            limits=limits,
            policy=policy,
            begin_ns=TimeNs(end_ns - NS_PER_DAY),
            end_ns=end_ns,
        )
    finally:
        if policy is not None:
            await policy.stop()
        await bus.close()


def _told(past: PastOrder) -> ToldOrder:
    order = past.order
    return ToldOrder(
        order_id=order.order_id,
        account=order.account,
        strategy=order.strategy,
        symbol=order.symbol,
        side=order.side,
        type=order.ord_type,
        quantity=format_nanos(order.order_qty),
        price=None if order.price is None else format_nanos(order.price),
        at_ns=past.at_ns,
        said=past.said,
        found=past.found,
    )


def show(found: Findings) -> None:
    """Print the findings for people: the first orders of each list."""
    click.echo(f"{found.orders} orders, {found.unjudged} of them unjudged then")
    click.echo(f"reproduced by the limits then in force: {found.reproduced}")
    _list("would have been refused", found.would_refuse)
    for code, count in found.by_code.items():
        click.echo(f"  {code}: {count}")
    _list("were refused and would have passed", found.would_pass)
    _list("not reproduced, nothing is concluded from them", found.not_reproduced)
    click.echo(HOW)


def _list(title: str, past: tuple[PastOrder, ...]) -> None:
    click.echo(f"{title}: {len(past)}")
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
    if len(past) > SHOWN_MOST:
        click.echo(f"  and {len(past) - SHOWN_MOST} more: --json shows all")


def _reasons(refusals: tuple[Refusal, ...]) -> str:
    return "; ".join(_reason(one) for one in refusals) or "passed"


def _reason(one: Refusal) -> str:
    numbers = f" {one.asked or '?'} of {one.limit}" if one.limit else ""
    return f"{one.code}{numbers}"
