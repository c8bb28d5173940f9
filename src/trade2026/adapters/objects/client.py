"""A client of object storage, the same for S3 and for a folder.

Nothing is tried again in here: callers know better how long to be patient.
"""

import re
from datetime import timedelta
from typing import Final

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, S3Store

from trade2026.adapters.objects.place import FolderPlace, Place, S3Place
from trade2026.core.errors import UnavailableError

REGION: Final = "us-east-1"
"""Part of every signature; SeaweedFS takes any."""
TIMEOUT: Final = timedelta(seconds=2)
CONNECT_TIMEOUT: Final = timedelta(seconds=1)
WHY_CHARS_MAX: Final = 200

_PAINT: Final = re.compile("\x1b\\[[0-9;]*m|↳")


class ObjectClient:
    """A bucket or a folder; implements `ports.objects.Objects`."""

    def __init__(self, place: Place) -> None:
        """Make a client; nothing is connected before the first call."""
        match place:
            case S3Place():
                self._store: S3Store | LocalStore = S3Store(
                    place.bucket,
                    endpoint=place.url,
                    region=REGION,
                    access_key_id=place.access_key,
                    secret_access_key=place.secret_key,
                    client_options={
                        "allow_http": True,
                        "timeout": TIMEOUT,
                        "connect_timeout": CONNECT_TIMEOUT,
                    },
                    retry_config={"max_retries": 0},
                )
            case FolderPlace():
                self._store = LocalStore(place.path, mkdir=True)

    async def put(self, key: str, content: bytes) -> None:
        """Store *content* under *key*; see `Objects.put`."""
        try:
            await obstore.put_async(self._store, key, content)
        except (BaseError, OSError) as error:
            raise UnavailableError(plain_reason(error)) from None

    async def get(self, key: str) -> bytes | None:
        """Return what is stored under *key*; see `Objects.get`."""
        try:
            found = await obstore.get_async(self._store, key)
            return bytes(await found.bytes_async())
        except FileNotFoundError:
            return None
        except (BaseError, OSError) as error:
            raise UnavailableError(plain_reason(error)) from None

    async def folders(self, prefix: str) -> list[str]:
        """Return the names directly below *prefix*; see `Objects.folders`."""
        try:
            found = await obstore.list_with_delimiter_async(self._store, prefix)
            # A storage with a file system below still names what all objects were deleted from.
            held = [path for path in found["common_prefixes"] if await self._has_any(path)]
        except (BaseError, OSError) as error:
            raise UnavailableError(plain_reason(error)) from None
        return sorted(path.rstrip("/").rpartition("/")[2] for path in held)

    async def _has_any(self, prefix: str) -> bool:
        async for some in obstore.list(self._store, prefix, chunk_size=1):
            if some:
                return True
        return False


def plain_reason(error: Exception) -> str:
    """Return one short line of what a storage library says in many coloured ones."""
    words = _PAINT.sub("", str(error)).split()
    text = " ".join(words)
    return text.partition(" Debug source:")[0][:WHY_CHARS_MAX] or type(error).__name__
