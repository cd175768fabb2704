"""Files scored from a window: a list, its progress, its results."""
