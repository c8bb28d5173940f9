"""The lake: Delta tables on object storage, written and read."""
