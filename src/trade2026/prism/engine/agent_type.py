"""What makes an agent type: a name, its parameters, and the kernel that acts."""

from collections.abc import Callable

import msgspec


class AgentType(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of agent; `agents/__init__.py` lists them all."""

    name: str
    """As in the party name ``agent:<name>-<n>``."""
    params: type[msgspec.Struct]
    """A struct of floats with defaults; the kernel finds them in its mind in this order."""
    wake: Callable[..., int]
    """The kernel, not yet compiled: `engine/compiled.py` does that."""
    quotes_first: bool = False
    """Whether such agents wake before all others, so that the others find a market."""

    @property
    def kernel_module(self) -> str:
        """Return the full name of the module that the kernel lies in."""
        return self.wake.__module__
