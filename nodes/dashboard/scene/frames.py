"""Pictures joined with the faces found in them: boxes are drawn on exactly the frame they were inferred from."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from liveaffect.stream import messages as m

KEPT = 24
KEPT_BYTES = 32 << 20
"""Frames wait so long at most for their faces: two thirds of a second of VGA, three frames of 4K."""
LEAST_FRAMES = 3
UNANSWERED_NS = 500_000_000
"""Frames that run so far ahead of the newest faces are shown without."""
LANDMARKS = (478, 3)

Key = tuple[int, int]
T = TypeVar("T")


@dataclass(frozen=True)
class Picture:
    """One instant to draw. `image` is uint8 RGB (height, width, 3), None where pixels are not shown or not there."""

    t_ns: int
    key: Key
    width: int
    height: int
    image: NDArray[np.uint8] | None = None
    faces: tuple[m.Face, ...] | None = None
    """None where nobody looked for faces in this frame (yet)."""
    state: m.State = "stale"
    meshes: Mapping[int, NDArray[np.float32]] = field(default_factory=dict)
    """Face id -> landmarks (478, 3) as fractions of the frame."""


class FrameJoin:
    """Holds the newest frames, faces and meshes until they fit together, by frame number and capture time."""

    def __init__(self) -> None:
        self._frames: OrderedDict[Key, m.VideoFrame] = OrderedDict()
        self._faces: OrderedDict[Key, m.FaceObservation] = OrderedDict()
        self._meshes: OrderedDict[Key, m.FaceMesh] = OrderedDict()
        self._bytes = 0
        self._mesh_ns = -(10**18)
        self.broken = 0
        """Frames and meshes that could not be drawn: another shape or type than the topic promises."""

    def clear(self) -> None:
        """Another source, or time went back."""
        for kept in (self._frames, self._faces, self._meshes):
            kept.clear()
        self._bytes = 0
        self._mesh_ns = -(10**18)

    def forget_pixels(self) -> None:
        """Lets go of every image at once."""
        self._frames.clear()
        self._bytes = 0

    def add_frame(self, frame: m.VideoFrame) -> None:
        """A camera frame; one that goes back in time begins anew."""
        if frame.image is not None and not _drawable(frame.image):
            self.broken += 1
            return
        if self._frames and frame.t_ns < next(reversed(self._frames))[1]:
            self.clear()
        self._frames[frame.seq, frame.t_ns] = frame
        self._bytes += _size(frame)
        while len(self._frames) > LEAST_FRAMES and (len(self._frames) > KEPT or self._bytes > KEPT_BYTES):
            self._bytes -= _size(self._frames.popitem(last=False)[1])

    def add_faces(self, faces: m.FaceObservation) -> None:
        """What was found in one frame."""
        if self._faces and faces.t_ns < next(reversed(self._faces))[1]:
            self._faces.clear()
            self._meshes.clear()
        _keep(self._faces, (faces.frame_seq, faces.t_ns), faces)

    def add_mesh(self, mesh: m.FaceMesh) -> None:
        """The landmarks of one frame."""
        marks = mesh.landmarks
        if marks is None:  # not recorded
            return
        if marks.ndim != 3 or marks.shape[1:] != LANDMARKS or len(marks) != len(mesh.ids):
            self.broken += 1
            return
        self._mesh_ns = mesh.t_ns
        _keep(self._meshes, (mesh.frame_seq, mesh.t_ns), mesh)

    def newest(self, *, pixels: bool) -> Picture | None:
        """The newest frame whose faces are known, with its landmarks; a bare frame where faces do not come any more."""
        frame_key = next(reversed(self._frames), None) if pixels else None
        tells = frame_key is not None and self._tells(frame_key)
        for key in reversed(self._faces):
            found = self._faces[key]
            if not self._complete(key, found):
                continue
            frame = self._frames.get(key) if pixels else None
            if frame is None and tells:
                continue
            if frame_key is not None and frame_key[1] - key[1] > UNANSWERED_NS and tells:
                break
            return self._picture(key, found, frame)
        if frame_key is None:
            return None
        frame = self._frames[frame_key]
        if frame.image is not None and self._faces and frame.t_ns - next(reversed(self._faces))[1] < UNANSWERED_NS:
            return None  # its faces are on their way
        height, width = frame.image.shape[:2] if frame.image is not None else (0, 0)
        state: m.State = frame.state if frame.image is None else "stale"
        return Picture(frame.t_ns, frame_key, width, height, frame.image, state=state)

    def _tells(self, key: Key) -> bool:
        """A frame has a picture, or says why not; one that was recorded without pixels tells nothing by itself."""
        frame = self._frames[key]
        return frame.image is not None or frame.state != "ok"

    def _complete(self, key: Key, found: m.FaceObservation) -> bool:
        """Landmarks follow their faces by a moment; without waiting for them they would flicker."""
        coming = found.t_ns - self._mesh_ns < UNANSWERED_NS
        return key in self._meshes or not coming or all(face.state != "ok" for face in found.faces)

    def _picture(self, key: Key, found: m.FaceObservation, frame: m.VideoFrame | None) -> Picture:
        image = frame.image if frame is not None else None
        height, width = image.shape[:2] if image is not None else (found.height, found.width)
        meshes = self._marks(key)
        faces = found.faces
        if any(face.state == "stale" for face in faces):
            faces = tuple(self._last_look(key, face, meshes) if face.state == "stale" else face for face in faces)
        return Picture(key[1], key, width, height, image, faces, found.state, meshes)

    def _marks(self, key: Key) -> dict[int, NDArray[np.float32]]:
        mesh = self._meshes.get(key)
        if mesh is None or mesh.landmarks is None:
            return {}
        return {i: marks for i, marks in zip(mesh.ids, mesh.landmarks, strict=True) if np.isfinite(marks).all()}

    def _last_look(self, key: Key, face: m.Face, meshes: dict[int, NDArray[np.float32]]) -> m.Face:
        """Somebody whom a frame did not look at is drawn as the last look saw them; put back into `meshes` too."""
        for before in reversed(self._faces):
            if before[1] >= key[1]:
                continue
            if key[1] - before[1] > UNANSWERED_NS:
                break
            row = next((other for other in self._faces[before].faces if other.id == face.id), None)
            if row is None or row.state != "stale":
                if row is not None and (marks := self._marks(before).get(face.id)) is not None:
                    meshes[face.id] = marks
                return row or face
        return face


def _keep(kept: OrderedDict[Key, T], key: Key, value: T) -> None:
    kept[key] = value
    while len(kept) > KEPT:
        kept.popitem(last=False)


def _drawable(image: NDArray[Any]) -> bool:
    return image.dtype == np.uint8 and image.ndim == 3 and image.shape[2] == 3 and min(image.shape[:2]) > 0


def _size(frame: m.VideoFrame) -> int:
    return 0 if frame.image is None else frame.image.nbytes
