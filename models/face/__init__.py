"""Faces: alignment, action units, geometry, quality, affect."""
