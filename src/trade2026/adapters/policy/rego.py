"""The policy port on a Rego engine in this process.

Fail closed: a decision counts only if the engine returns exactly ``{"allow": true|false,
"rule": "<text>"}``. Undefined, an engine's error and anything else is a denial. The engine
spells "undefined" as None or as the text ``"<undefined>"``, which is truthy, so a result is
never judged by its truth.

Source: Open Policy Agent, "Policy Language" and "REST API, Data API".
"""

import re
import threading
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from typing import Any, Final, Protocol, cast

import msgspec
import regorus

from trade2026.core.errors import InvalidInputError
from trade2026.ports.policy import PolicyDecision, PolicyQuestion

DECISION: Final = "data.trade2026.authz.decision"
UNDEFINED: Final = "policy.undefined"
"""The rule of a denial that no rule of the policy made."""

_REMEMBERED_COUNT: Final = 4096
_SEGMENT: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


class _Engine(Protocol):
    def add_policy(self, path: str, rego: str) -> str: ...

    def set_input(self, value: Mapping[str, object]) -> None: ...

    def set_input_json(self, value: str) -> None: ...

    def eval_rule(self, rule: str) -> object: ...

    def eval_query_as_json(self, query: str) -> str: ...


class _Decision(msgspec.Struct, forbid_unknown_fields=True):
    allow: bool
    rule: str


class _Expression(msgspec.Struct):
    value: Any


class _Answer(msgspec.Struct):
    expressions: list[_Expression]


class _Answers(msgspec.Struct):
    result: list[_Answer] = []


def shipped_policy() -> str:
    """Return the text of the policy that comes with the package."""
    return (
        resources.files("trade2026.adapters.policy").joinpath("rego/authz.rego").read_text("utf-8")
    )


def _new_engine() -> _Engine:
    # The extension module has no types of its own.
    return cast("_Engine", regorus.Engine())  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]


class _Engines(threading.local):
    """The engines of one thread, by the text of their policy.

    The library lets no other thread touch an engine, nor drop it. So they belong to the
    thread and end with it, not to the `RegoPolicy`, which may be dropped by the garbage
    collector in whichever thread that happens to run.
    """

    def __init__(self) -> None:
        self._by_policy: dict[str, _Engine] = {}

    def of(self, rego: str) -> _Engine:
        engine = self._by_policy.get(rego)
        if engine is None:
            engine = _new_engine()
            engine.add_policy("authz.rego", rego)
            self._by_policy[rego] = engine
        return engine


_ENGINES: Final = _Engines()


class RegoPolicy:
    """Decides by one Rego policy; about 50 us for a new question, under 1 us for a known one."""

    def __init__(self, rego: str | None = None) -> None:
        self._rego = shipped_policy() if rego is None else rego
        # A policy that does not read is found now, not at the first question.
        _ENGINES.of(self._rego)
        # A decision depends on nothing but the question, so it may be remembered.
        self._remembered = lru_cache(maxsize=_REMEMBERED_COUNT)(self.decide_anew)

    def decide(self, question: PolicyQuestion) -> PolicyDecision:
        """Return the decision; anything the policy leaves undefined is a denial."""
        return self._remembered(question)

    def decide_anew(self, question: PolicyQuestion) -> PolicyDecision:
        """Return the decision by asking the engine, whether or not it is remembered."""
        engine = _ENGINES.of(self._rego)
        engine.set_input(
            {
                "principal": question.principal,
                "roles": list(question.roles),
                "accounts": list(question.accounts),
                "action": question.action,
                "account": question.account,
            }
        )
        try:
            answer = engine.eval_rule(DECISION)
        except RuntimeError:
            # What the engine cannot evaluate is undefined, and undefined is a denial.
            answer = None
        try:
            decision = msgspec.convert(answer, _Decision)
        except msgspec.ValidationError:
            return PolicyDecision(is_allowed=False, rule=UNDEFINED)
        return PolicyDecision(is_allowed=decision.allow, rule=decision.rule)

    def query(self, path: str, document: object) -> object:
        """Return the value of the policy's document at *path*, or `msgspec.UNSET` if undefined.

        Args:
            path: names separated by ``/``, such as ``trade2026/authz/decision``.
            document: the `input` of the question; anything JSON can say.

        Raises:
            InvalidInputError: *path* is not such a path, or the engine cannot take *document*.
        """
        segments = path.strip("/").split("/")
        # The path becomes part of a query: nothing but plain names may pass.
        if not all(_SEGMENT.fullmatch(segment) for segment in segments):
            raise InvalidInputError("path", "not a path of plain names separated by '/'")
        engine = _ENGINES.of(self._rego)
        try:
            engine.set_input_json(msgspec.json.encode(document).decode())
            text = engine.eval_query_as_json(".".join(("data", *segments)))
        except (RuntimeError, ValueError) as error:
            # Also of a document that is nested too deeply: RecursionError is a RuntimeError.
            reason = str(error).splitlines()[0]
            raise InvalidInputError("input", f"the policy cannot judge it: {reason}") from error
        answers = msgspec.json.decode(text, type=_Answers)
        return answers.result[0].expressions[0].value if answers.result else msgspec.UNSET
