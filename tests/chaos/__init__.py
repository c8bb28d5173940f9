"""A whole platform under load, of which one process after another is killed."""
