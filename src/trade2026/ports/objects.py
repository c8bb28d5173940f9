"""Object storage: named pieces of bytes, written whole and read whole."""

from typing import Protocol


class Objects(Protocol):
    """A bucket, or a folder that stands for one."""

    async def put(self, key: str, content: bytes) -> None:
        """Store *content* under *key*; what was there before is replaced.

        Raises:
            UnavailableError: the storage did not take it, or did not say so in time.
        """
        ...

    async def get(self, key: str) -> bytes | None:
        """Return what is stored under *key*, None when nothing is.

        Raises:
            UnavailableError: the storage did not answer as it should.
        """
        ...

    async def folders(self, prefix: str) -> list[str]:
        """Return the names directly below *prefix* that have something below them, sorted.

        Raises:
            UnavailableError: the storage did not answer as it should.
        """
        ...
