"""Binance's spot API, spoken by PRISM: bots trade here by changing a URL."""
