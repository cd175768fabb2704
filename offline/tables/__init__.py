"""Tables of results: written, read, summed up, drawn, exported."""
