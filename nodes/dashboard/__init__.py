"""The live dashboard: what the person shows, how sure the sensor is, whether the recording is safe, at one look."""
