"""What the face detector alone tells: whether the picture stands on its head.

MediaPipe draws an upright face over one that is upside down, and calls its mouth a forehead. The detector beneath it
is less easily fooled: on 14 films and photographs it gave an upright face 0.88 to 0.97, and the same face upside down
0 to 0.81, 0.13 or more below.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from liveaffect.nodes.face.landmarker import Detector
from liveaffect.stream.messages import Face as FaceRow

EVERY_MS = 1000
"""How often it looks."""
SOONEST_MS = 200
"""How soon again when a face appears: before the landmarks of a new face have settled."""
UPRIGHT = 0.85
"""A face detected this surely is upright, and the picture need not be tried the other way round."""
SURE, BETTER = 0.75, 0.10
"""The other way round is right where the best face there is this sure, and that much surer than here."""


class Lookout:
    """Looks at a frame now and then; what it sees depends on nothing but the frames and their times.

    Parameters
    ----------
    model: the face landmarker's bundle.
    """

    def __init__(self, model: Path) -> None:
        self.detector = Detector(model)
        """Others may ask it too."""
        self.turned = False
        """True while pictures are turned by half before they are measured."""
        self.ever_turned = False
        self._looked_ms: int | None = None
        self._found = 0

    def view(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The picture as it is to be measured."""
        return np.ascontiguousarray(image[::-1, ::-1]) if self.turned else image

    def due(self, t_ms: int) -> bool:
        """True when it is time to look at the frame of this time."""
        return self._looked_ms is None or t_ms - self._looked_ms >= EVERY_MS

    def surprised(self, t_ms: int, found: int) -> bool:
        """Takes how many faces the landmarker found; True where they are more than before, and worth a look."""
        more, self._found = found > self._found, found
        return more and (self._looked_ms is None or t_ms - self._looked_ms >= SOONEST_MS)

    def look(self, image: NDArray[np.uint8], t_ms: int, *, still: bool = False) -> bool:
        """Looks at a frame as it came; True where it must be turned other than the one before."""
        self._looked_ms = None if still else t_ms
        scores = self.detector.scores(self.view(image), None if still else t_ms)
        before, best = self.turned, max(scores, default=0.0)
        if best < UPRIGHT:
            others = self.detector.scores(np.ascontiguousarray(self.view(image)[::-1, ::-1]))
            if max(others, default=0.0) >= max(SURE, best + BETTER):
                self.turned = not self.turned
                self.ever_turned |= self.turned
        return self.turned != before

    def forget(self) -> None:
        """What comes has nothing to do with what was: another photograph, or film after a gap."""
        self.turned, self._looked_ms, self._found = False, None, 0

    def close(self) -> None:
        self.detector.close()

    def notice(self) -> str:
        """What is to be said of that, in words; "" where nothing is."""
        what = "the picture stands on its head: it was turned by half before faces were measured"
        return what if self.ever_turned else ""


def back_row(row: FaceRow) -> FaceRow:
    """A row measured in a picture turned by half, as it is in the picture that came."""
    if row.box is not None:
        x, y, width, height = row.box
        row.box = (1 - x - width, 1 - y - height, width, height)
    if row.yaw_deg is not None and row.pitch_deg is not None and row.roll_deg is not None:
        roll = row.roll_deg + 180.0
        row.yaw_deg, row.pitch_deg, row.roll_deg = -row.yaw_deg, -row.pitch_deg, roll if roll <= 180.0 else roll - 360.0
    if row.gaze_yaw_deg is not None and row.gaze_pitch_deg is not None:
        row.gaze_yaw_deg, row.gaze_pitch_deg = -row.gaze_yaw_deg, -row.gaze_pitch_deg
    return row


def back_mesh(landmarks: NDArray[np.float32]) -> NDArray[np.float32]:
    """The same of landmarks (478, 3), fractions of the picture."""
    turned = np.array([1, 1, 0], np.float32) + landmarks * np.array([-1, -1, 1], np.float32)
    return turned.astype(np.float32, copy=False)
