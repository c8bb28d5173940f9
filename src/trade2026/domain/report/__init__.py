"""Reports in forms that need no library."""
