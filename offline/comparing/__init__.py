"""Conditions held against each other: what each participant showed in each, and how sure a difference is."""
