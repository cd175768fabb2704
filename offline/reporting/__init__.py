"""The report page of a session or a table."""
