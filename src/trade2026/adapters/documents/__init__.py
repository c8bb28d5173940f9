"""Documents for people, in forms that need a library."""
