"""P&L from positions and marks."""
