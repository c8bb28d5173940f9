"""The fundamental value that informed agents see."""
