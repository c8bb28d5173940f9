"""The audit: which events of the logs are deeds, and the chain that nobody can change unseen."""
