"""Where a table of the lake is, in the words of the Delta library."""

from typing import Final, NamedTuple

from trade2026.adapters.objects.client import REGION
from trade2026.adapters.objects.place import FolderPlace, Place, S3Place

LAKE: Final = "lake"
"""The prefix under which the lake's tables are."""
TIMEOUT_S: Final = 10
"""One request, which may carry a whole file of ticks."""
CONNECT_TIMEOUT_S: Final = 1
RETRY_S: Final = 2


class TablePlace(NamedTuple):
    """The address of a table, and how to get at it."""

    uri: str
    options: dict[str, str]


def table_place(place: Place, table: str) -> TablePlace:
    """Return where *table* is in the lake at *place*."""
    if isinstance(place, FolderPlace):
        return TablePlace(str(place.path / LAKE / table), {})
    return TablePlace(f"s3://{place.bucket}/{LAKE}/{table}", _options(place))


def _options(place: S3Place) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": place.url,
        "AWS_REGION": REGION,
        "AWS_ACCESS_KEY_ID": place.access_key,
        "AWS_SECRET_ACCESS_KEY": place.secret_key,
        "AWS_ALLOW_HTTP": "true",
        # A version of a table is written only where there is none: two writers cannot both
        # believe that theirs is the next.
        "conditional_put": "etag",
        "timeout": f"{TIMEOUT_S}s",
        "connect_timeout": f"{CONNECT_TIMEOUT_S}s",
        "max_retries": "1",
        "retry_timeout": f"{RETRY_S}s",
    }
