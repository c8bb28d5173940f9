"""The trading core on a virtual clock, with a bus, a venue and a supervisor that misbehave by seed.

A seed decides everything: what clients ask and when, which messages come late, twice or never,
when the process is killed and when the venue is away. So a seed that failed fails again:
``make sim SEED=n``.
"""
