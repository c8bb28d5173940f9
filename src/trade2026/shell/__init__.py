"""What it is to be a process: settings, lifecycle, health, metrics, logs, supervisor."""
