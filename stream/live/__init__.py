"""The live host: processes, sockets between them, the supervisor and its gateway."""
