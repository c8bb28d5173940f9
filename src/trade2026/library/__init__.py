"""Strategies and models as versioned things: what may be registered, and what it requires."""
