"""Recorded sessions as the windows show them: a card for each, a browser for all."""
