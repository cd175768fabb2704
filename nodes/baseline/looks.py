"""Looks at dots on a screen: which frames count for which dot, and where each dot is, seen from the face."""

import statistics

from liveaffect.models.attention.directions import place_of, toward
from liveaffect.models.errors import BadInput
from liveaffect.models.face.eyes.looks import LEAST_DOTS, Dot, GazeFit, Look, calibrated, look_of
from liveaffect.models.face.eyes.sight import VIEW_DEG
from liveaffect.nodes.baseline.capture import BaselineArguments
from liveaffect.stream.errors import UsageError
from liveaffect.stream.messages import Face, FaceObservation

MOST_CM, LEAST_CM = 1000.0, 10.0
"""Of a dot from the lens; of the eyes from it."""
Box = tuple[float, float, float, float]


class Looks:
    """Takes every frame since the command.

    Parameters
    ----------
    asked: the dots, in the order in which they are shown, and how long each is there.
    begun_ns: when the first of them is shown.
    face_id: who looks.
    view_deg: the camera's angle of view across the longer side of its picture; 0 where it is not known.
    """

    def __init__(self, asked: BaselineArguments, begun_ns: int, face_id: int, view_deg: float) -> None:
        if len(asked.dots) < LEAST_DOTS:
            raise UsageError(f"{len(asked.dots)} dots are too few to calibrate a gaze on: give at least {LEAST_DOTS}")
        if not all(abs(cm) <= MOST_CM for dot in asked.dots for cm in dot):
            raise UsageError(f"dots are given in centimetres from the lens, {MOST_CM:.0f} at most")
        if asked.distance_cm and asked.distance_cm < LEAST_CM:
            raise UsageError(f"distance_cm is {LEAST_CM:.0f} and more, not {asked.distance_cm:g}; 0 is by the irises")
        if asked.settle_s >= asked.dot_s:
            raise UsageError(
                f"dots of {asked.dot_s:g} s of which the first {asked.settle_s:g} do not count: show them longer"
            )
        self.asked, self.face_id = asked, face_id
        self._begun_ns, self._view_deg = begun_ns, min(max(view_deg or VIEW_DEG, 1.0), 179.0)
        self._dot_ns, self._settle_ns = round(asked.dot_s * 1e9), round(asked.settle_s * 1e9)
        self.end_ns = begun_ns + len(asked.dots) * self._dot_ns
        self._looks: list[list[Look]] = [[] for _ in asked.dots]
        self._boxes: list[list[Box]] = [[] for _ in asked.dots]
        self._frames = [0] * len(asked.dots)
        self._metres: list[float] = []
        self._size = (4, 3)

    def see(self, frame: FaceObservation) -> None:
        """Takes one frame, for the dot that is shown in it."""
        since = frame.t_ns - self._begun_ns
        dot = since // self._dot_ns
        if not 0 <= dot < len(self._looks) or since % self._dot_ns < self._settle_ns:
            return
        face = next((face for face in frame.faces if face.id == self.face_id), None)
        if face is not None and face.state == "stale":
            return  # it was another face's turn to be measured
        self._frames[dot] += 1
        self._size = frame.width or 4, frame.height or 3
        look = None if face is None or face.state != "ok" else _look(face)
        if face is None or face.box is None or look is None:
            return
        self._looks[dot].append(look)
        self._boxes[dot].append(face.box)
        if face.distance_m is not None and face.distance_m > 0:
            self._metres.append(face.distance_m)

    def calibrated(self) -> GazeFit:
        """What the looks say. Raises BadInput, in words, where they say nothing."""
        metres = self.asked.distance_cm / 100.0 or (statistics.median(self._metres) if self._metres else 0.0)
        if not metres:
            raise BadInput(f"face {self.face_id} was not seen with open eyes: sit before the camera, in good light")
        return calibrated(
            [
                Dot(self._direction(right, down, boxes, metres), looks, frames)
                for (right, down), boxes, looks, frames in zip(
                    self.asked.dots, self._boxes, self._looks, self._frames, strict=True
                )
            ]
        )

    def _direction(self, right_cm: float, down_cm: float, boxes: list[Box], metres: float) -> tuple[float, float]:
        """Of a dot, from where the face was meanwhile: the picture's right is the person's left."""
        if not boxes:
            return 0.0, 0.0  # of a dot without looks, which is not used
        x, y, width, height = (statistics.median(box[k] for box in boxes) for k in range(4))
        place = place_of((x, y, width, height), self._size, self._view_deg, metres, 0.0)
        return toward(place, (-right_cm / 100.0, down_cm / 100.0, 0.0))


def _look(face: Face) -> Look | None:
    told = face.gaze_yaw_deg, face.gaze_pitch_deg, face.gaze_sd_deg, face.gaze_pitch_sd_deg
    return look_of(told, (face.yaw_deg, face.pitch_deg))
