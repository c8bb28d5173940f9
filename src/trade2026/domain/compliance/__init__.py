"""Compliance after the trade: rules as data over a day's orders, trades and holdings."""
