"""Where object storage is: a bucket behind the S3 protocol, or a folder of this machine."""

from pathlib import Path

import msgspec


class S3Place(msgspec.Struct, frozen=True, kw_only=True):
    """A bucket."""

    url: str
    """Such as ``http://127.0.0.1:8333``."""
    bucket: str
    access_key: str
    secret_key: str


class FolderPlace(msgspec.Struct, frozen=True, kw_only=True):
    """A folder in which the keys are paths."""

    path: Path


Place = S3Place | FolderPlace
