"""Names what decides the course of a life, apart from its kernels and its configuration.

That is the code that orders pass on their way into the market and back, what a trade costs,
how much outsiders may have, and the libraries that chance and kernels come from. Two lives
of one name and the same inputs are equal; one of another name may differ rightly.
"""

import platform
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Final

import llvmlite
import msgspec
import numba
import numpy as np

from trade2026.prism.holdings import FeeRates
from trade2026.prism.limits import Limits

_PACKAGE: Final = Path(__file__).parents[1]
SOURCES: Final = (
    "core/chance.py",
    "core/ids.py",
    "core/numbers.py",
    "model/instrument.py",
    "model/order.py",
    "model/prism.py",
    "prism/agent_market.py",
    "prism/agent_type.py",
    "prism/balance.py",
    "prism/callback.py",
    "prism/clearing.py",
    "prism/control.py",
    "prism/days.py",
    "prism/digest.py",
    "prism/door.py",
    "prism/exchange.py",
    "prism/floor.py",
    "prism/holdings.py",
    "prism/life.py",
    "prism/limits.py",
    "prism/market.py",
    "prism/opening.py",
    "prism/outside.py",
    "prism/parameters.py",
    "prism/replay.py",
    "prism/reports.py",
    "prism/settlement.py",
    "prism/shock.py",
    "prism/stage.py",
    "prism/telling.py",
)
"""The plain code that decides; the kernels are named by the market itself."""

_DIGEST_BYTES: Final = 8


@cache
def venue_digest() -> str:
    """Return a digest of the code that decides, the libraries and the kind of machine."""
    digest = blake2b(digest_size=_DIGEST_BYTES)
    for name in SOURCES:
        digest.update(name.encode())
        digest.update((_PACKAGE / name).read_bytes())
    versions = (
        platform.python_version(),
        platform.machine(),
        np.__version__,
        numba.__version__,
        llvmlite.__version__,
    )
    digest.update(" ".join(versions).encode())
    return digest.hexdigest()


def terms_digest(fees: FeeRates, limits: Limits) -> str:
    """Return a digest of what trades cost, and of how much outsiders may have."""
    return blake2b(msgspec.json.encode((fees, limits)), digest_size=_DIGEST_BYTES).hexdigest()
