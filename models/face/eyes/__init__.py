"""Eyes: where they look, the line from the camera to a face, and looks at known dots."""
