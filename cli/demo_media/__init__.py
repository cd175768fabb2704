"""The demo's input: a public-domain portrait made to move and a synthesised voice, on a known schedule."""
