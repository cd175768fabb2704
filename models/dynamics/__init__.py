"""How affect moves over time and between people: from the nets' evidence with its noise, not from what was smoothed."""
