"""What tests are given, made so that its truth is known: people, sessions, media, tables."""
