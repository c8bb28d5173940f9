"""What makes an agent type: a name, its parameters, and the kernel that acts."""

from collections.abc import Callable

import msgspec

from trade2026.prism.engine.compiled import address_of
from trade2026.prism.engine.desk import AGENT, MIND_REALS, OUTBOX
from trade2026.prism.engine.layout import Layout
from trade2026.prism.engine.memory import BOOK
from trade2026.prism.price.value import VALUE


class AgentType(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of agent; `agents/__init__.py` lists them all."""

    name: str
    """As in the party name ``agent:<name>-<n>``."""
    params: type[msgspec.Struct]
    """A struct of floats with defaults; the kernel finds them in its mind by name."""
    wake: Callable[..., float]
    """The kernel, not yet compiled: `engine/desk.py` explains it."""
    in_python: bool = False
    """Whether `wake` is a Python function of a `callback.Desk`, called as it is."""
    latency_ms: float = 0.0
    """How long after its look an agent's messages arrive, on average over such agents."""
    memory: tuple[str, ...] = ()
    """Reals that an agent keeps from one wake to the next, 0 at first; in its mind by name."""
    tells: bool = True
    """Whether the consensus moves with what such an agent takes; not where it acts on it."""
    quotes_first: bool = False
    """Whether such agents wake before all others, so that the others find a market."""

    @property
    def mind(self) -> Layout:
        """Return the layout of the mind: parameters, then memory."""
        names = (*self.params.__struct_fields__, *self.memory)
        assert len(names) <= MIND_REALS, f"{self.name}: a mind holds {MIND_REALS} reals"
        return Layout(f"mind of {self.name}", dict.fromkeys(names, "f8"), size=8 * MIND_REALS)

    @property
    def kernel_module(self) -> str:
        """Return the full name of the module that the kernel lies in."""
        return self.wake.__module__

    def address(self) -> int:
        """Return the machine address of the kernel, compiled now or loaded; 0 in Python.

        It stays valid as long as the process lives.
        """
        if self.in_python:
            return 0
        records = (BOOK.kind, OUTBOX.kind, AGENT.kind, self.mind.kind, VALUE.kind)
        return address_of(self.wake, records)
