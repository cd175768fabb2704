"""Devices and networks that are not there: a microphone, cameras, slow lines between machines."""
