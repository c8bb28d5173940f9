"""Numbers, clock, ids, seeded chance, errors: what everything else stands on."""
