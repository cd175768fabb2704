"""Transport, messages, clock, nodes and their two hosts, the launch graph, recording. Knows no face and no voice."""
