"""Object storage: where it is, and a client of it."""
