"""The live dashboard: what the person shows, how sure the sensor is, whether the recording is safe, at one look."""

CLOSED, GO_ON = 3, 4
"""Exit status of the windows' processes: nothing was chosen; the window is gone, the sensor and its recording go on."""
