"""Scoring, verifying, tables and reports of recordings, as a library."""
