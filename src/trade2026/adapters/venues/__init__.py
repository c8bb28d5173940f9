"""Venues behind `ports.venue`, one file each."""
