"""Model files: what exists, where it comes from, and the net that runs it."""
