"""Verbs about this machine: what works here, the model files, keys."""
