"""Verbs for those outside: the page for browsers and programs, words for an assistant."""
