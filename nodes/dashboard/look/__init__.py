"""Colours, type, fields, canvas: what every part of the window is made of."""
