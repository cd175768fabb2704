"""What the window shows, as data: no Qt here."""
