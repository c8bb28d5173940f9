"""What a market comes to over an interval: spreads, depth, impact, volatility, order flow."""
