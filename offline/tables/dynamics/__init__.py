"""Tables of dynamics: people by minute, pairs, shifts."""
