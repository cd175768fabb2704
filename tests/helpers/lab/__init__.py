"""Another program of a lab that listens to the sensor."""
