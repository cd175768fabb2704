"""Pixels and sound beside a recording: written, read back, checked."""
