"""How the numbers of `models/face/gaze.py` were fitted: pictures with eyes of known direction."""
