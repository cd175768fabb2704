"""One face in one frame: its row, its mesh, its aligned crop and its geometry."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from liveaffect.models.face import align, luma
from liveaffect.models.face.action_units import action_units
from liveaffect.models.face.align import anchors, crop_at, side_px
from liveaffect.models.face.eyes.gaze import gaze
from liveaffect.models.face.geometry import geometry, pose_degrees
from liveaffect.models.face.quality import face_quality
from liveaffect.nodes.face import cuts
from liveaffect.nodes.face.cover import covered
from liveaffect.nodes.face.landmarker import Found
from liveaffect.nodes.face.tracking import Track, mouth_motion
from liveaffect.stream.messages import Face as FaceRow
from liveaffect.stream.messages import State

LYING_DEG = 50.0
"""A head tilted further is measured wrongly: on a portrait turned by 45, 55 and 90 degrees blendshapes are off by 0.24,
0.32 and 0.39, upright at 180 degrees by nothing (the picture is turned)."""
OUTSIDE = 0.2
"""A face with more than this share of its landmarks beyond the frame is occluded."""
BLENDSHAPE_DECIMALS = 5
"""As they are published: a face at rest moves them a hundred times as much, and all digits would double a recording."""
EYE_DECIMALS = 4
"""Of degrees, openness and metres, for the same reason."""
NOT_LOOKED_AT = "others' turn"
"""Reason of a face that this frame does not look at, because more are followed than every frame has time for."""


def measure(track: Track, face: Found, image: NDArray[np.uint8], alone: bool, view_deg: float = 0.0) -> tuple[Any, ...]:
    """The row of one face, its mesh, its crop and its geometry; `view_deg` as of `gaze`."""
    height, width = image.shape[:2]
    placed = anchors(face.landmarks, (width, height))
    crop = crop_at(image, placed)
    seen = luma.plane(crop)
    yaw, pitch, roll = pose_degrees(face.pose)
    judged = face_quality(crop, side_px(placed), yaw, pitch, seen)
    motion = mouth_motion(track, face.landmarks * np.array([width, height, width], np.float32))
    low, high = face.landmarks[:, :2].min(0), face.landmarks[:, :2].max(0)
    outside = 0.0 if min(low) >= 0 and max(high) <= 1 else _outside(face.landmarks)
    reasons = list(judged.reasons)
    state: State = "low_quality" if judged.low_quality else "ok"
    if track.settling and not alone:
        state, reasons = "low_quality", ["settling", *reasons]
    if abs(roll) > LYING_DEG:
        state, reasons = "low_quality", ["lying on its side", *reasons]
    hidden = covered(crop, seen)
    if outside > OUTSIDE or (hidden and not judged.low_quality):  # what is dark or flat all over hides nothing
        state = "occluded"
        reasons = ["cut off by the edge" if outside > OUTSIDE else hidden, *reasons]
    track.box = _box(low, high)
    row = FaceRow(id=track.id, state=state, box=track.box, quality=judged.quality, reason=", ".join(reasons))
    if state == "ok":
        row.blendshapes = tuple(face.blendshapes.astype(np.float64).round(BLENDSHAPE_DECIMALS).tolist())
        row.au = tuple(action_units(face.blendshapes, face.landmarks, width, height).tolist())
        row.yaw_deg, row.pitch_deg, row.roll_deg = yaw, pitch, roll
        row.mouth_motion = motion
        eyes = gaze(face.landmarks, face.pose, (width, height), view_deg)
        (
            row.eye_yaw_deg, row.eye_pitch_deg, row.gaze_yaw_deg, row.gaze_pitch_deg, row.gaze_sd_deg,
            row.gaze_pitch_sd_deg, row.eye_open_left, row.eye_open_right, row.distance_m, row.distance_sd_m,
        ) = (None if one is None else round(one, EYE_DECIMALS) for one in eyes)  # fmt: skip
    return row, face.landmarks, crop, geometry(face.blendshapes, face.landmarks, (width, height), face.pose)


def warm() -> None:
    """Loads the compiled kernels, or compiles them: no frame waits for that."""
    align.warm()
    luma.warm()
    cuts.warm()


def held_row(track: Track) -> FaceRow:
    """The row of somebody whom this frame does not look at: where they were, and no numbers."""
    return FaceRow(id=track.id, state="stale", box=track.box, reason=NOT_LOOKED_AT)


def _outside(landmarks: NDArray[np.float32]) -> float:
    """Share of the landmarks beyond the frame."""
    return float(((landmarks[:, :2] < 0) | (landmarks[:, :2] > 1)).any(1).mean())


def _box(low: NDArray[np.float32], high: NDArray[np.float32]) -> tuple[float, float, float, float]:
    """x, y, width, height of what of it is inside the frame, as fractions of it."""
    low, high = np.clip(low, 0, 1), np.clip(high, 0, 1)
    x, y, width, height = (float(v) for v in (*low, *(high - low)))
    return x, y, width, height


def without_scores(row: FaceRow) -> FaceRow:
    """The row as crops carry it."""
    return FaceRow(
        id=row.id, state=row.state, box=row.box, quality=row.quality, reason=row.reason,
        yaw_deg=row.yaw_deg, pitch_deg=row.pitch_deg, roll_deg=row.roll_deg, mouth_motion=row.mouth_motion,
    )  # fmt: skip
