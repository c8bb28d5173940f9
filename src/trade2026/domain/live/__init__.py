"""The live gateway's rules: modes, caps, breaker, panic, and the life of an order there."""
