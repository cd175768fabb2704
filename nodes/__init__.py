"""The nodes of the sensor, one file or folder each."""
