"""The ledger: positions and cash as a fold over fills."""
