"""The domain at work: what each trading service does with its bus, step by step.

A desk carries out what the domain decides. It knows ports and messages, but no server, no
HTTP and no process: the same desks run live, in one process under test, and in simulation.
"""
