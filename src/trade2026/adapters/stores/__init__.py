"""Databases and caches behind their ports."""
