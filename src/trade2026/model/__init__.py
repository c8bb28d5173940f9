"""The vocabulary: frozen messages, subjects, codec, FIX names."""
