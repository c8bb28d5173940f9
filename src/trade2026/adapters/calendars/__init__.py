"""Trading calendars behind `ports.calendar`."""
