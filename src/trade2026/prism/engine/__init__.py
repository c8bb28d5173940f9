"""The matching engine: a plain reference book and a compiled one."""
