"""Policy engines behind `ports.policy`."""
