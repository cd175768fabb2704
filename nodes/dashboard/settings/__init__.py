"""The form for a node's settings."""
