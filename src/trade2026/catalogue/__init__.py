"""The table of the components, from which everything about deployment is derived."""
