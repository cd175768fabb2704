"""Which measured cues carried an estimate: each is put to rest before the model that gave it, and in words."""
