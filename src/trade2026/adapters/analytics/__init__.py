"""The analytics store: tables in ClickHouse, written and read by HTTP."""
