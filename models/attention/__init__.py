"""Attention over time and between people: blinks, closed eyes, nods and shakes, and who looks at whom or the camera."""
