"""Real servers as child processes of the local profile."""
