"""Seeded chance: named streams of random numbers, each independent of every other.

A stream is fixed by (seed, name): adding a stream never changes another, and a run is
repeated bit for bit by its seed. Built on NumPy's Philox counter generator.

Source: Salmon et al. (2011), "Parallel random numbers: as easy as 1, 2, 3".
"""

import hashlib
import secrets

import numpy as np


def stream(seed: int, name: str) -> np.random.Generator:
    """Return the random stream called *name* under *seed*, at its beginning.

    Args:
        seed: any non-negative integer.
        name: what the numbers are for, such as ``agents/noise/7``.
    """
    digest = hashlib.blake2b(f"{seed}/{name}".encode(), digest_size=16).digest()
    return np.random.Generator(np.random.Philox(key=int.from_bytes(digest, "big")))


def fresh_seed() -> int:
    """Return an unpredictable seed from the operating system, for runs nobody will repeat."""
    return secrets.randbits(63)
