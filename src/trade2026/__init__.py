"""Trade2026, an algorithmic-trading platform."""

from typing import Final

VERSION: Final = "0.1.0"
