"""Voices: speech activity, descriptors, affect."""
