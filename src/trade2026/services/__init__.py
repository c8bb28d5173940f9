"""One file for each service: which handler answers which subject or route."""
