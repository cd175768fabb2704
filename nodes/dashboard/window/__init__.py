"""The main window and what moves it."""
