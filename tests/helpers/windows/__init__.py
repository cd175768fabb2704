"""Windows and pages in tests: a screen without a screen, a browser, keys, what the window hears."""
