"""The parts of the window that show one thing each."""
