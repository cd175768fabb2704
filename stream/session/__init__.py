"""A recording on disk: written, read, recovered and played; what was lost stands in its ledger."""
