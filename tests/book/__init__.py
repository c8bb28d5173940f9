"""Order books in tests: a notation for what they are told and say, and what must hold of them."""
