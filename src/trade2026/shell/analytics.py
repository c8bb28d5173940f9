"""Where this platform keeps its analytics, and as whom they are written and read."""

from trade2026.adapters.analytics.client import AnalyticsPlace
from trade2026.adapters.infra.clickhouse import READER, WRITER
from trade2026.shell.addresses import Addresses
from trade2026.shell.secrets import ANALYTICS_READER_SECRET, ANALYTICS_SECRET, Secrets


def analytics_place(
    addresses: Addresses, secrets: Secrets, *, reads_only: bool = False
) -> AnalyticsPlace:
    """Return where ClickHouse is.

    Raises:
        StartError: the password cannot be kept.
    """
    url = addresses.url("ClickHouse")
    if reads_only:
        return AnalyticsPlace(url, READER, secrets.get(ANALYTICS_READER_SECRET))
    return AnalyticsPlace(url, WRITER, secrets.get(ANALYTICS_SECRET))
