"""Exchanges of others, behind `ports.exchange`; their client libraries are extras."""
