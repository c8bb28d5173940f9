"""The agents that trade on PRISM, one file for each type."""
