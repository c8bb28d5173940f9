"""Everything the project did not write, one file or folder each."""
