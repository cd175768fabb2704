"""A session recomputed and compared, message by message."""
