"""From decoded frames to RGB arrays as a player would show them."""

from typing import Any

import numpy as np
from av.video.reformatter import ColorPrimaries, ColorTrc, Interpolation, VideoReformatter

from liveaffect.stream.capture.media import MediaInfo
from liveaffect.stream.capture.pictures import laid
from liveaffect.stream.capture.shown import Shape, Turn, turn_of, turned
from liveaffect.stream.messages import Array

WIDE = {ColorPrimaries.BT2020, ColorPrimaries.SMPTE431, ColorPrimaries.SMPTE432}
HDR = {ColorTrc.SMPTE2084, ColorTrc.ARIB_STD_B67}
BT709 = {"dst_color_trc": ColorTrc.BT709, "dst_color_primaries": ColorPrimaries.BT709}

LOOK_EVERY = 25
"""Frames of a film after which a matrix that mirrors, which the angle alone does not tell, is looked for again."""


class Picture:
    """Turns decoded frames into uint8 RGB arrays (height, width, 3), C-contiguous, as they are to be shown.

    The right way up, cropped, with square pixels, in the colours of BT.709, on paper where they are transparent.
    """

    def __init__(self, info: MediaInfo | None = None) -> None:
        self._reformatter = VideoReformatter()
        self._shape = Shape() if info is None else info.shape
        self._live, self._turn = info is None, None if info is None else info.turn
        self._angle, self._seen, self._unseen = -1, (0, False), 0
        self.done: dict[str, None] = {}
        """What had to be done to the pictures, in words, in the order in which it first was."""

    def rgb(self, frame: Any) -> Array:
        """The picture of one frame; at odd widths PyAV's own array has padded rows, so it may be copied here."""
        image = self._coloured(frame)
        if any(self._shape.crop):
            self.done["cropped, as it says"] = None
            image = image[self._shape.window(frame.width, frame.height)]
        turn = self._turned(frame) if self._turn is None else self._turn
        if turn[1]:
            self.done["mirrored, as it says"] = None
        return np.ascontiguousarray(turned(image, turn))

    def _turned(self, frame: Any) -> Turn:
        """By the angle alone of a device or a stream, and of a film but for a look at the matrix now and then.

        Whoever looks at the side data of a frame keeps the frame until the garbage collector comes: a driver whose
        pictures are kept runs out of them, or takes them away, and pictures of a film fill the memory.
        """
        angle = round((frame.rotation or 0) / 90) % 4
        if self._live:
            return angle, False
        if angle != self._angle or self._unseen >= LOOK_EVERY:
            self._angle, self._seen, self._unseen = angle, turn_of(frame), 0
        self._unseen += 1
        return self._seen

    def _coloured(self, frame: Any) -> Array:
        asked: dict[str, Any] = {}
        if (full := self._shape.full(frame.width, frame.height)) != (frame.width, frame.height):
            self.done["stretched to square pixels"] = None
            asked |= {"width": full[0], "height": full[1], "interpolation": Interpolation.BICUBIC}
        if frame.color_trc in HDR or frame.color_primaries in WIDE:
            try:
                image = self._converted(frame, asked | BT709)
            except (OSError, ValueError):  # tags that FFmpeg cannot bring together: the numbers as they are
                self.done["shown with colours that are not quite its own"] = None
            else:
                self.done[
                    f"brought from {'high dynamic range' if frame.color_trc in HDR else 'wide'} to usual colours"
                ] = None
                return image
        return self._converted(frame, asked)

    def _converted(self, frame: Any, asked: dict[str, Any]) -> Array:
        if any(component.is_alpha for component in frame.format.components):
            return laid(self._reformatter.reformat(frame, format="rgba", threads=1, **asked).to_ndarray())
        return self._reformatter.reformat(frame, format="rgb24", threads=1, **asked).to_ndarray()
