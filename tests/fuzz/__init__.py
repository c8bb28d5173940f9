"""The fuzzer of the matching engine: both books, the same random messages, the same events."""
