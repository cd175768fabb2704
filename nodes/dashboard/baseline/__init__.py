"""The guided capture of a person at rest."""
