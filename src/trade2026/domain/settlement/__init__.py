"""Settlement: when what was traded is delivered and paid for."""
