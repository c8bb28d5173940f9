"""What must hold of a platform at rest, whatever was killed before: each check names its faults.

The books are read over HTTP, as a user reads them; the checks are plain functions of them.
"""

import json
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any, Final, NamedTuple

import msgspec
from tests.e2e.rig import Platform
from tests.e2e.traffic import SYMBOL, Traffic

FINAL: Final = frozenset({"FILLED", "CANCELLED", "REJECTED", "EXPIRED", "FAILED", "RISK_REJECTED"})
RESTING: Final = frozenset({"SENT", "PARTIALLY_FILLED"})
ROWS_MAX: Final = 5_000_000
"""Of a table of the lake, read at once."""
COMMAND_S: Final = 1_200.0
"""For a command that reads all that there is: an hour of 200 orders/s is millions of events."""
_LOOKED_AT: Final = (
    "order_id", "client_order_id", "exec_id", "account", "symbol", "side", "type", "status",
    "quantity", "filled_quantity", "remaining_quantity", "price", "fee",
)  # fmt: skip
REST_WITHIN_S: Final = 120.0
STORED_WITHIN_S: Final = 60.0
"""For those who follow the log of orders: who is further behind at the end did not keep up."""


class First(NamedTuple):
    """What there was before anybody traded."""

    cash: Decimal
    """Of all agents, in the symbol that is traded."""


class Books(NamedTuple):
    """What a platform at rest says of itself."""

    orders: list[dict[str, Any]]
    fills: list[dict[str, Any]]
    positions: dict[str, list[dict[str, Any]]]
    """By component."""
    agents: list[dict[str, Any]]
    """PRISM's, at the moment when the fills were all there were."""
    lake: list[dict[str, Any]]
    """Rows of `prism_fills` in which an account of the platform took part."""


def first_of(platform: Platform) -> First:
    """Return what there is on a platform on which nobody traded yet."""
    return First(cash=agents_sum(platform.get("PRISM", "/agents"), "cash"))


def faults_of(platform: Platform, traffic: Traffic, first: First) -> list[str]:
    """Return what is missing, doubled or different on a platform that comes to rest."""
    platform.wait_for(lambda: not in_motion(platform), REST_WITHIN_S, "rest")
    reply = platform.call("POST", "PRISM", "/control/pause", json={})
    assert reply.status_code == 200, reply.text
    books = read(platform)
    books = _wait_for_folds(platform, books)
    print(f"{len(books.orders):,} orders, {len(books.fills):,} fills", flush=True)
    stats = platform.get("oms", "/stats")
    surprises = {name: stats[name] for name in ("surprises", "unknown_reports") if stats[name]}
    checks: dict[str, Callable[[], list[str]]] = {
        "every acknowledged order is there once": lambda: check_orders(books, traffic.acknowledged),
        "OMS, ledger and P&L have every fill once": lambda: check_fills(books),
        "the lake has every fill once": lambda: check_lake(books),
        "nothing was made or lost": lambda: check_conserved(books, first.cash),
        "nothing surprised the OMS": lambda: [f"{n}: {c}" for n, c in surprises.items()],
        "platform, log and venue agree": lambda: _reconciled(platform),
        "the folded log is the ledger": lambda: _replayed(platform),
    }
    faults = [f"{key} was never answered" for key in traffic.unanswered]
    faults += [f"refused: {text}" for text in sorted(set(traffic.refused))]
    for name, check in checks.items():
        found = check()
        print(f"{'FAULT' if found else 'ok   '} {name}", flush=True)
        faults += found
    return faults


def _wait_for_folds(platform: Platform, books: Books) -> Books:
    """Return *books* once the lake, the ledger and P&L have read all fills, or took too long.

    That the orders are at rest says nothing of who follows their log.
    """
    begun = time.monotonic()
    end = begun + STORED_WITHIN_S
    while (check_lake(books) or check_fills(books)) and time.monotonic() < end:
        time.sleep(1.0)
        positions = positions_of(platform, books.fills)
        books = books._replace(lake=lake_fills(platform), positions=positions)
    print(f"all who follow were at rest after {time.monotonic() - begun:.0f} s", flush=True)
    return books


def _reconciled(platform: Platform) -> list[str]:
    differences = platform.get("ptrc", "/reconciliation")["differences"]
    return [f"reconciliation: {json.dumps(one)}" for one in differences]


def _replayed(platform: Platform) -> list[str]:
    replayed = platform.cli("replay", timeout_s=COMMAND_S)
    is_equal = replayed.returncode == 0 and replayed.stdout.splitlines()[-1] == "equal"
    return [] if is_equal else [f"replay: {replayed.stdout}{replayed.stderr}"]


def pages(platform: Platform, path: str, what: str) -> list[dict[str, Any]]:
    """Return all of a list of the OMS, page by page: of each row what is looked at here."""
    found: list[dict[str, Any]] = []
    limit = f"{'&' if '?' in path else '?'}limit=500"
    cursor = ""
    while True:
        reply = platform.call("GET", "oms", f"{path}{limit}{cursor}")
        assert reply.status_code == 200, reply.text
        page = msgspec.json.decode(reply.content, type=dict[str, Any])
        found += [{name: row[name] for name in _LOOKED_AT if name in row} for row in page[what]]
        if page["next_cursor"] is None:
            return found
        cursor = f"&cursor={page['next_cursor']}"


def in_motion(platform: Platform) -> list[str]:
    """Return the orders that are neither at rest nor at an end: one at the market never rests."""
    orders = pages(platform, "/orders?active_only=true", "orders")
    return [
        order["order_id"]
        for order in orders
        if order["status"] not in FINAL
        and (order["status"] not in RESTING or order["type"] == "MARKET")
    ]


def read(platform: Platform) -> Books:
    """Return the books of a platform at rest, whose market stands still."""
    fills = pages(platform, "/fills", "fills")
    return Books(
        orders=pages(platform, "/orders", "orders"),
        fills=fills,
        positions=positions_of(platform, fills),
        agents=platform.get("PRISM", "/agents"),
        lake=lake_fills(platform),
    )


def positions_of(
    platform: Platform, fills: Iterable[Mapping[str, Any]]
) -> dict[str, list[dict[str, Any]]]:
    """Return what the ledger and P&L say the accounts of *fills* hold."""
    accounts = sorted({fill["account"] for fill in fills})
    return {
        name: [
            position
            for account in accounts
            for position in platform.get(name, f"/positions?account={account}")
        ]
        for name in ("ptrc", "pnl")
    }


def lake_fills(platform: Platform) -> list[dict[str, Any]]:
    """Return what the lake has of trades of the platform's accounts."""
    arguments = ("--symbol", SYMBOL, "--limit", str(ROWS_MAX), "--json")
    shown = platform.cli("lake", "show", "prism_fills", *arguments, timeout_s=COMMAND_S)
    assert shown.returncode == 0, shown.stderr
    lines = shown.stdout.splitlines()
    assert len(lines) < ROWS_MAX, "more trades than are read at once"
    rows = (msgspec.json.decode(line) for line in lines)
    return [row for row in rows if _is_ours(row["maker"]) or _is_ours(row["taker"])]


def _is_ours(party: str) -> bool:
    return party.startswith("account:")


def exact(number: Any) -> Decimal:
    """Return a number of an answer as it was written."""
    return Decimal(repr(number) if isinstance(number, float) else str(number))


def check_orders(books: Books, acknowledged: Mapping[str, str]) -> list[str]:
    """Return what is wrong with the orders: missing, doubled, or in a state that cannot be."""
    by_id = {order["order_id"]: order for order in books.orders}
    faults = [
        f"{key}: acknowledged as {order_id}, which is not there"
        for key, order_id in acknowledged.items()
        if by_id.get(order_id, {}).get("client_order_id") != key
    ]
    keys = Counter(order["client_order_id"] for order in books.orders)
    faults += [f"{key}: {count} orders" for key, count in keys.items() if count > 1]
    for order in books.orders:
        filled, left = exact(order["filled_quantity"]), exact(order["remaining_quantity"])
        is_final = order["status"] in FINAL
        if not is_final and order["status"] not in RESTING:
            faults.append(f"{order['order_id']} is {order['status']} at rest")
        if left != (0 if is_final else exact(order["quantity"]) - filled):
            faults.append(f"{order['order_id']}: filled {filled}, {left} left")
    return faults


def check_fills(books: Books) -> list[str]:
    """Return where orders, fills, positions and P&L do not say the same, by account."""
    ids = Counter(fill["exec_id"] for fill in books.fills)
    faults = [
        f"fill {exec_id} is there {count} times" for exec_id, count in ids.items() if count > 1
    ]
    filled: defaultdict[str, Decimal] = defaultdict(Decimal)
    for fill in books.fills:
        filled[fill["order_id"]] += exact(fill["quantity"])
    faults += [
        f"{order['order_id']}: {order['filled_quantity']} filled, "
        f"fills of {filled[order['order_id']]}"
        for order in books.orders
        if exact(order["filled_quantity"]) != filled[order["order_id"]]
    ]
    held = _sums((f["account"], f["symbol"], _signed(f), exact(f["fee"])) for f in books.fills)
    for name, positions in books.positions.items():
        said = _sums(
            (p["account"], p["symbol"], exact(p["quantity"]), exact(p["fees"])) for p in positions
        )
        faults += [f"{name} says {said.get(k)} of {k}, the fills {held.get(k)}" for k in said | held
                   if said.get(k) != held.get(k)]  # fmt: skip
    return faults


def _signed(fill: Mapping[str, Any]) -> Decimal:
    quantity = exact(fill["quantity"])
    return quantity if fill["side"] == "BUY" else -quantity


def _sums(
    rows: Iterable[tuple[str, str, Decimal, Decimal]],
) -> dict[tuple[str, str], tuple[Decimal, Decimal]]:
    """Return quantity and fees by account and symbol."""
    sums: defaultdict[tuple[str, str], tuple[Decimal, Decimal]]
    sums = defaultdict(lambda: (Decimal(), Decimal()))
    for account, symbol, quantity, fees in rows:
        before = sums[account, symbol]
        sums[account, symbol] = before[0] + quantity, before[1] + fees
    return dict(sums)


def check_lake(books: Books) -> list[str]:
    """Return where the lake's trades are not those of the fills: each once, by account."""
    seqs = Counter((row["life"], row["seq"]) for row in books.lake)
    faults = [f"the lake has trade {seq} {count} times" for seq, count in seqs.items() if count > 1]
    stored: Counter[str] = Counter()
    for row in books.lake:
        for party in {row["maker"], row["taker"]}:
            stored[party] += 1 if _is_ours(party) else 0
    fills = Counter(f"account:{fill['account']}" for fill in books.fills)
    faults += [
        f"the lake has {stored[party]} trades of {party}, which has {count} fills"
        for party, count in fills.items()
        if stored[party] != count
    ]
    return faults


def check_conserved(books: Books, cash_at_first: Decimal) -> list[str]:
    """Return whether agents and accounts together hold what there was: nothing was made or lost.

    Args:
        books: PRISM stood still while they were read.
        cash_at_first: what the agents had of the symbol's cash before anybody traded with them.
    """
    ours = [fill for fill in books.fills if fill["symbol"] == SYMBOL]
    inventory = sum(map(_signed, ours), agents_sum(books.agents, "inventory"))
    paid = sum((_signed(f) * exact(f["price"]) for f in ours), Decimal())
    cash = agents_sum(books.agents, "cash") - paid
    faults = [] if inventory == 0 else [f"all together hold {inventory} {SYMBOL}, not 0"]
    return faults if cash == cash_at_first else [*faults, f"cash is {cash}, was {cash_at_first}"]


def agents_sum(agents: Iterable[Mapping[str, Any]], field: str) -> Decimal:
    """Return what all agents have of `cash` or `inventory` in the symbol that is traded."""
    held = (one for agent in agents for one in agent["symbols"] if one["symbol"] == SYMBOL)
    return sum((exact(one[field]) for one in held), Decimal())
