"""Is a simulated market like a market? Measures of its returns, order flow and impact."""
