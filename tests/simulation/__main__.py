"""Play seeds: `make sim`; one again, with what the platform says of it: `make sim SEED=n`."""

import argparse
import sys
import time
from typing import Final

import structlog
from tests.simulation.world import run

from trade2026.core.chance import fresh_seed

SEEDS: Final = 1_000
_QUIET: Final = 50
"""Above every level at which the platform speaks of what is meant to go wrong here."""


def main() -> int:
    """Play as the command line says; return 0 where everything added up."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, default=None, help="this one only, loudly")
    parser.add_argument("--first", type=int, default=None, help="without it a fresh one")
    parser.add_argument("--seeds", type=int, default=SEEDS)
    asked = parser.parse_args()
    if sys.flags.hash_randomization:
        # Sets of texts are gone through in another order in every process else.
        parser.error("a seed is the same run only with PYTHONHASHSEED=0; see `make sim`")
    if asked.seed is not None:
        print(run(asked.seed))
        return 0
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(_QUIET))
    first = fresh_seed() % 10**6 if asked.first is None else asked.first
    begun = time.monotonic()
    bad = [seed for seed in range(first, first + asked.seeds) if not _is_sound(seed)]
    took_s = time.monotonic() - begun
    print(f"{asked.seeds} seeds from {first} on, {len(bad)} failed ({took_s:.0f} s)")
    return 1 if bad else 0


def _is_sound(seed: int) -> bool:
    try:
        run(seed)
    except Exception as error:  # noqa: BLE001 - whatever it is, the seed failed, and is told.
        first = _first(error)
        print(f"seed {seed} failed: {type(first).__name__} {first}; make sim SEED={seed}")
        return False
    return True


def _first(error: Exception) -> Exception:
    """Return what went wrong first, out of the groups that it was raised in."""
    inner: tuple[Exception, ...] = getattr(error, "exceptions", ())
    return _first(inner[0]) if inner else error


if __name__ == "__main__":
    sys.exit(main())
