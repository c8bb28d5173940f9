"""The embedded column store as a server: it speaks ClickHouse's HTTP protocol to any client."""
