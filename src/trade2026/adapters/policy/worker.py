"""A process of its own that evaluates a policy for orders, so that one that runs on can be ended.

The engine holds the interpreter while it evaluates: within the service a slow policy would stop
everything else there. The parent speaks in lines of JSON: the policy's text first, then one
`input` after another; each is answered in one line, ``{"value": …}`` or ``{"error": "…"}``.

Source: prctl(2), PR_SET_PDEATHSIG; setrlimit(2), RLIMIT_AS.
"""

import ctypes
import json
import resource
import signal
import sys
from typing import Final, Protocol, cast

import regorus

RULE: Final = "data.trade2026.risk.refusals"
"""What a policy for orders must define: a set, or an array, of reasons."""

MEMORY_BYTES: Final = 1 << 30
_PR_SET_PDEATHSIG: Final = 1


class _Engine(Protocol):
    def add_policy(self, path: str, rego: str) -> str: ...

    def set_input_json(self, value: str) -> None: ...

    def eval_rule_as_json(self, rule: str) -> str: ...


def main() -> None:
    """Answer until the parent has nothing more to ask."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    if sys.platform == "linux":
        # Also in the middle of an evaluation, which reads no end of input.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    # The extension module has no types of its own.
    engine = cast("_Engine", regorus.Engine())  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
    for number, line in enumerate(sys.stdin):
        try:
            answer = _load(engine, json.loads(line)) if number == 0 else _judge(engine, line)
        except RuntimeError as error:
            answer = json.dumps({"error": _first_lines(str(error))})
        sys.stdout.write(answer + "\n")
        sys.stdout.flush()


def _load(engine: _Engine, rego: str) -> str:
    engine.add_policy("policy.rego", rego)
    # A rule that is not there is an error here, and not the silence of one that refuses nothing.
    engine.set_input_json("{}")
    try:
        engine.eval_rule_as_json(RULE)
    except RuntimeError as error:
        if "not a valid rule path" in str(error):
            raise RuntimeError(f"it defines no {RULE.removeprefix('data.')}") from error
    return '{"value": null}'


def _judge(engine: _Engine, line: str) -> str:
    engine.set_input_json(line)
    text = engine.eval_rule_as_json(RULE)
    # The engine spells "undefined" as a text of its own.
    return json.dumps({"value": json.loads(text)})


def _first_lines(text: str) -> str:
    return " ".join(text.partition("Stack backtrace")[0].split())[:500]


if __name__ == "__main__":
    main()
