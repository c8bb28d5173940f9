"""Message buses behind `ports.bus`."""
