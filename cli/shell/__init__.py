"""Around the verbs: what was probably meant, and the sensor as a service."""
