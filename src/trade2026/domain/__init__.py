"""Pure stages of the flow; none imports another, none does input or output."""
