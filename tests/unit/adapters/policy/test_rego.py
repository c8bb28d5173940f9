"""Who may do what, as a table; and that nothing but an exact yes is a yes."""

from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from trade2026.adapters.policy.rego import UNDEFINED, RegoPolicy
from trade2026.core.errors import InvalidInputError
from trade2026.edge.users import ROLES
from trade2026.ports.policy import PolicyDecision, PolicyQuestion

POLICY = RegoPolicy()

ACTIONS = (
    "orders:read",
    "orders:write",
    "positions:read",
    "risk:read",
    "risk:write",
    "risk:control",
    "live:read",
    "live:control",
    "prism:control",
    "prism:write",
    "users:admin",
    "policy:read",
    "me:read",
    "me:write",
    "library:read",
    "library:write",
)
READS = {action for action in ACTIONS if action.endswith(":read")}
ALLOWED = {
    "viewer": READS | {"me:write"},
    "trader": READS | {"me:write", "orders:write", "library:write"},
    "risk": READS | {"me:write", "risk:write", "risk:control", "live:control"},
    "participant": READS | {"me:write", "prism:write"},
    "admin": set(ACTIONS),
    "stranger": set[str](),
}
ACCOUNTS: tuple[tuple[tuple[str, ...], str | None, bool], ...] = (
    ((), None, True),
    ((), "default", False),
    (("default",), None, True),
    (("default",), "default", True),
    (("default",), "other", False),
    (("default",), "*", False),
    (("default",), "Default", False),
    (("a", "b"), "b", True),
    (("*",), "default", True),
    (("*",), "*", True),
    (("def*",), "default", False),
    (("*:a",), "x:a", False),
)


def decide(
    roles: tuple[str, ...], action: str, accounts: tuple[str, ...] = (), account: str | None = None
) -> PolicyDecision:
    question = PolicyQuestion(
        principal="tess", roles=roles, accounts=accounts, action=action, account=account
    )
    return POLICY.decide(question)


@pytest.mark.parametrize("role", ALLOWED)
@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize(("accounts", "account", "is_granted"), ACCOUNTS)
def test_a_role_and_an_account_must_both_agree(
    role: str, action: str, accounts: tuple[str, ...], account: str | None, is_granted: bool
) -> None:
    decision = decide((role,), action, accounts, account)

    assert decision.is_allowed == (is_granted and action in ALLOWED[role])


@pytest.mark.parametrize(
    ("roles", "action", "account", "rule"),
    [
        (("viewer",), "orders:read", None, "role.viewer"),
        (("trader",), "orders:write", "default", "role.trader"),
        (("viewer", "trader"), "orders:read", None, "role.trader"),
        (("admin",), "users:admin", None, "role.admin"),
        (("risk",), "risk:control", None, "role.risk"),
        (("participant",), "prism:write", "default", "role.participant"),
        (("trader",), "prism:write", "default", "role.not_granted"),
        (("participant",), "orders:write", "default", "role.not_granted"),
        (("viewer",), "orders:write", None, "role.not_granted"),
        ((), "orders:read", None, "role.not_granted"),
        (("admin",), "orders:write", "other", "account.not_granted"),
        (("admin",), "orders:write", "", "question.malformed"),
        (("admin",), "orders", None, "question.malformed"),
        (("admin",), "orders:delete", None, "question.malformed"),
        (("admin",), "orders:x:read", None, "question.malformed"),
        (("admin",), ":read", None, "question.malformed"),
        (("admin",), "", None, "question.malformed"),
    ],
)
def test_names_the_rule_that_decided(
    roles: tuple[str, ...], action: str, account: str | None, rule: str
) -> None:
    decision = decide(roles, action, ("default",), account)

    assert decision.rule == rule
    assert decision.is_allowed == (rule in {f"role.{role}" for role in ALLOWED})


def test_a_user_can_be_given_every_role_of_the_policy() -> None:
    assert {*ROLES, "stranger"} == set(ALLOWED)


def test_roles_add_up() -> None:
    assert decide(("trader", "risk"), "risk:control").is_allowed
    assert decide(("trader", "risk"), "orders:write").is_allowed
    assert not decide(("trader", "risk"), "users:admin").is_allowed


@pytest.mark.parametrize(
    "rego",
    [
        "package trade2026.authz\ndecision := input.nothing",
        "package trade2026.authz\nother := 1",
        'package trade2026.authz\ndecision := "<undefined>"',
        "package trade2026.authz\ndecision := true",
        'package trade2026.authz\ndecision := {"allow": "true", "rule": "x"}',
        'package trade2026.authz\ndecision := {"allow": 1, "rule": "x"}',
        'package trade2026.authz\ndecision := {"allow": true}',
        'package trade2026.authz\ndecision := {"allow": true, "rule": "x", "more": 1}',
        "package trade2026.authz\ndecision := 1\ndecision := 2",
        "package elsewhere\ndecision := 1",
    ],
)
def test_anything_but_an_exact_yes_is_a_denial(rego: str) -> None:
    question = PolicyQuestion(
        principal="t", roles=("admin",), accounts=("*",), action="orders:read"
    )

    decision = RegoPolicy(rego).decide(question)

    assert decision == PolicyDecision(is_allowed=False, rule=UNDEFINED)


def test_a_remembered_answer_is_not_given_to_another_question() -> None:
    assert decide(("trader",), "orders:write", ("a",), "a").is_allowed
    assert not decide(("trader",), "orders:write", ("a",), "b").is_allowed
    assert not decide(("viewer",), "orders:write", ("a",), "a").is_allowed
    assert decide(("trader",), "orders:write", ("a",), "a").is_allowed


def test_query_answers_with_any_document_of_the_policy() -> None:
    asked = {"roles": ["viewer"], "accounts": [], "action": "orders:read", "account": None}

    assert POLICY.query("trade2026/authz/decision", asked) == {"allow": True, "rule": "role.viewer"}
    assert POLICY.query("trade2026/authz/granting", asked) == ["role.viewer"]
    assert POLICY.query("trade2026/authz/decision/allow", asked) is True
    assert POLICY.query("trade2026/authz/nothing", asked) is msgspec.UNSET
    assert POLICY.query("nothing", {}) is msgspec.UNSET


@pytest.mark.parametrize("path", ["", "a//b", "a/b;c", "a.b", "a/../b", "a b", "a[0]", "ä"])
def test_query_refuses_what_is_no_path(path: str) -> None:
    with pytest.raises(InvalidInputError, match="path"):
        POLICY.query(path, {})


def test_it_decides_in_whatever_thread_it_is_asked() -> None:
    def is_allowed(account: str) -> bool:
        return decide(("trader",), "orders:write", (account,), account).is_allowed

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(is_allowed, "abcdefghijklmnopqrstuvwxyz"))


def test_a_policy_that_does_not_read_is_refused_at_once() -> None:
    with pytest.raises(RuntimeError, match=r"authz\.rego"):
        RegoPolicy("package trade2026.authz\ndecision := {")


def test_an_input_nested_too_deeply_is_the_senders_fault() -> None:
    deep: list[object] = []
    for _ in range(900):
        deep = [deep]

    with pytest.raises(InvalidInputError, match="the policy cannot judge it"):
        POLICY.query("trade2026/authz/decision", deep)
