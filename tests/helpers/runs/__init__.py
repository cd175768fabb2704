"""Running the sensor in tests: the command line, live graphs, scoring, with and without processes."""
