"""Where a fold keeps its snapshots: the newest, and the one before it.

They are derived from the log and never the truth: one that is lost or damaged costs a longer
start. Their contents are bytes to it.
"""

from typing import Protocol


class SnapshotStore(Protocol):
    """Keeps two snapshots of one fold; every call may block.

    Raises:
        UnavailableError: from any of them, where the store does not answer now.
    """

    def read(self) -> tuple[bytes, ...]:
        """Return what is kept, newest first; damaged or not is the reader's to say."""
        ...

    def write(self, content: bytes) -> None:
        """Keep *content* as the newest, durably, and the newest so far as the one before."""
        ...
