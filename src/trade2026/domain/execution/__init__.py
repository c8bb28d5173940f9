"""Execution: how a parent order is worked by children, and where orders go."""
