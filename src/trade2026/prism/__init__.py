"""PRISM, the exchange simulator whose agents make a market."""
