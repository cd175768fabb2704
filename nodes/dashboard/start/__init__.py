"""The first window: camera, microphone, recording."""
