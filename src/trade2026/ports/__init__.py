"""What the platform asks of the outside, as protocols."""
