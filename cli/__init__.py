"""The `liveaffect` command."""
