"""How the numbers of `models/face/eyes/gaze.py` were fitted: pictures with eyes of known direction."""
