"""The live dashboard: one look tells what the person shows, how sure the sensor is, and whether the recording is safe."""
