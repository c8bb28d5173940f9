"""The life of orders: one transition table and what each step does."""
