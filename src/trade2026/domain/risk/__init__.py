"""Pre-trade risk: a view, a row of checks, a verdict."""
