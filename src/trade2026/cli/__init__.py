"""The command `trade2026`."""
