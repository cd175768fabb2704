"""What every message begins with, and the words in which a number says that it is missing."""

from typing import Any, Literal

import msgspec
import numpy as np

State = Literal["ok", "no_face", "low_quality", "occluded", "silence", "no_device", "stale", "node_down", "more_voices"]
"""Why there is a number ("ok") or why there is none."""

STATE_WORDS: dict[str, str] = {
    "ok": "no number given",
    "no_face": "no face in view",
    "low_quality": "face not clear",
    "occluded": "face covered",
    "silence": "silence",
    "no_device": "no device",
    "stale": "no news",
    "node_down": "node down",
    "more_voices": "more than one voice",
}
"""What a reader is told where there is no number; with "ok" there should be one."""

SHORT_STATE_WORDS: dict[str, str] = {
    **STATE_WORDS,
    "no_face": "no face",
    "low_quality": "unclear",
    "occluded": "covered",
    "more_voices": "voices at once",
}
"""The same where there is room for a word or two."""

Array = np.ndarray[Any, Any]


class Part(msgspec.Struct, kw_only=True, eq=False):
    """Base of the structs inside a message."""


class Message(msgspec.Struct, kw_only=True, eq=False):
    """Header of every message: `t_ns` is set once, at capture, and copied unchanged by every node downstream.

    The host fills in the rest when it publishes; a node sets only `t_ns`.
    """

    t_ns: int
    """Capture instant on the capturing machine's monotonic clock, or media time when offline (ns)."""
    seq: int = -1
    """Counts this publisher's messages on this topic from 0 within one incarnation."""
    incarnation: int = 0
    """Which start of the publishing process this is, from 0."""
    clock: str = ""
    """Names the clock of `t_ns`: one id per machine boot, or "media"."""
    pub_ns: int = 0
    """Publication instant on the publisher's monotonic clock; 0 offline."""
