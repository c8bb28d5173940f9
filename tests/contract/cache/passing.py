"""How a test lets time pass: by a clock it moves, or by waiting."""

from collections.abc import Awaitable, Callable

Passing = Callable[[float], Awaitable[None]]
"""Lets that many seconds pass."""
