"""Media files to tables of affect."""
