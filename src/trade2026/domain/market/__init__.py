"""Venue messages into one vocabulary: books in sync, bars with true volume."""
