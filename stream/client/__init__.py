"""How other programs reach a running sensor: connect, read, ask."""
