"""The face node: video frames in; who is there, what each face shows, its mesh and its aligned crop out."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from liveaffect.models import registry
from liveaffect.models.errors import LicenceRefused, ModelError
from liveaffect.models.face.align import CROP_PX, face_px
from liveaffect.models.face.far import FarFaceModel
from liveaffect.models.face.geometry import GEOMETRY_SIZE
from liveaffect.models.face.identity import FaceShape
from liveaffect.nodes.face.closeups import Closeup
from liveaffect.nodes.face.crowd import EVERYONE, MOST, NEAR, Crowd
from liveaffect.nodes.face.cuts import Cuts
from liveaffect.nodes.face.landmarker import Found, load_mediapipe
from liveaffect.nodes.face.lookout import Lookout, back_mesh, back_row
from liveaffect.nodes.face.measure import held_row, measure, warm, without_scores
from liveaffect.nodes.face.people import People, Sight
from liveaffect.nodes.face.privacy import close_door
from liveaffect.nodes.face.tracking import Tracker
from liveaffect.nodes.face.watch import Watch
from liveaffect.stream.errors import UsageError
from liveaffect.stream.messages import Face as FaceRow
from liveaffect.stream.messages import FaceCrop, FaceMesh, FaceObservation, Message, State, VideoFrame
from liveaffect.stream.node import Node, on
from liveaffect.stream.topics import CROP, FACE, MESH, VIDEO

APART_NS = 1_000_000_000
"""After a longer pause MediaPipe's memory of the frame before misleads: the landmarks would settle in none of them."""
AFTER_CUT_NS = 500_000_000
"""So long after a cut a face that settles says that it is one."""
UNSURE = "who is it"
"""Reason of a face that was just found again, or changed at once: its numbers wait until that is known."""
_ORDER: tuple[State, ...] = ("ok", "low_quality", "occluded", "stale", "no_face")


class FaceNode(Node):
    """Finds, follows and measures the faces of each frame with MediaPipe's Face Landmarker.

    Runs only in a process whose way out is closed (see `privacy.py`). Per face: a stable id, 52 blendshapes, 22 action
    units, yaw (positive: nose to the right of the image), pitch (positive: down) and roll (positive: anticlockwise in
    the image) in degrees, box, mouth motion, quality. Numbers are there only where the face's state is "ok"; the first
    four frames after it is found, a bad picture and a strong turn are "low_quality", a face cut off by the edge of the
    frame, or with an eye or the mouth under a plain cover, is "occluded", and one that was there within the last second
    is "no_face". A frame that comes more than a second after the one before is measured by itself, as a photograph is.
    """

    max_faces: Annotated[int, msgspec.Meta(ge=0, le=EVERYONE)] = 6
    """How many people at most are followed, near and far; 0 is everyone, up to 16. Who is not there costs nothing."""
    per_second: Annotated[float, msgspec.Meta(ge=0)] = 60.0
    """Faces measured in a second at most, as soon as more are followed than two near ones: 30 a second each for two,
    10 for six. Who is not measured in a frame is "stale" in it. 0: everyone in every frame, at whatever cost."""
    far: bool = True
    """Looks for faces that are too small for MediaPipe's own detector, once in a second or two, beside the frames."""
    people: Literal[0, 1] = 0
    """1: a single participant. Only the largest face is measured, and whoever it is has the id 0. 0: whoever comes."""
    identity: bool = True
    """Ids follow people by what their faces look like, over cuts, swapped places and absences of up to a minute. What
    is compared stays in memory and ends with the run. false: by place, size and the shape of faces alone."""
    view_deg: Annotated[float, msgspec.Meta(ge=0, lt=180)] = 0.0
    """The camera's angle of view across the longer side of its picture, for distances in metres. 0: not known, 65 is
    assumed and the deviation of distances (a fifth) says so."""

    @classmethod
    def load_early(cls) -> None:
        close_door()
        load_mediapipe()
        warm()

    def open(self) -> None:
        if not 0 <= self.max_faces <= EVERYONE:
            raise UsageError(f"face.max_faces is {self.max_faces}; it can be 1 to {EVERYONE}, or 0 for everyone")
        self._limit = self.max_faces or EVERYONE
        if self.host.live:  # a live host's process belongs to its nodes alone
            close_door()
        self._model: Path = registry.path("face-landmarker")
        detector, self._blind = self._detector()
        self._whole = min(self._limit, NEAR if detector is not None else MOST)
        self._lookout = Lookout(self._model)
        self._watch = Watch(self._model, self._whole, self._lookout.detector)
        self._crowd = Crowd(self._model, detector, 1 if self.people == 1 else self._limit, self.per_second)
        warm()  # compiled code is loaded here, not at the first face
        self._tracker = Tracker()
        self._cuts, self._cut_ns = Cuts(), -AFTER_CUT_NS
        self._people, self._without = self._identity()
        self._last_ns: int | None = None
        self._last_seq, self._alone = -1, False
        self._last_ms = -1
        self._backwards = 0

    def close(self) -> None:
        if watch := vars(self).pop("_watch", None):
            watch.close()
        if lookout := vars(self).get("_lookout"):
            lookout.close()
        for name in ("_people", "_crowd"):
            if beside := vars(self).pop(name, None):
                beside.close()

    def info(self) -> dict[str, Any]:
        return {"model": self._model.name, "max_faces": self.max_faces, "frames_back_in_time": self._backwards}

    def notice(self) -> str:
        """What the machine or the models here do without."""
        return "; ".join(filter(None, (self._without, self._blind, self._lookout.notice())))

    @on(VIDEO, emits=(FACE, MESH, CROP))
    def step(self, frame: VideoFrame) -> Iterator[Message]:
        """One frame; a frame that is not later than the one before it is counted and answered with "stale"."""
        if frame.image is None:
            yield from self._empty(frame, frame.state if frame.state != "ok" else "no_device")
            return
        if frame.gap or frame.still:
            self._restart()
        if self._last_ns is not None and frame.t_ns <= self._last_ns:
            self._backwards += 1
            yield from self._empty(frame, "stale")
            return
        yield from self._measured(frame, frame.image)

    def _measured(self, frame: VideoFrame, image: NDArray[np.uint8]) -> Iterator[Message]:
        alone = self._alone = frame.still or self._apart(frame)
        if not frame.still:
            self._last_ns, self._last_seq = frame.t_ns, frame.seq
            self._last_ms = max(frame.t_ns // 1_000_000, self._last_ms + 1)
        if self._cuts.step(self._lookout.view(image)) and not alone:
            self._tracker.forget()
            self._crowd.forget()
            self._cut_ns = frame.t_ns
        image, near, far = self._found(image, frame.t_ns, alone)
        height, width = image.shape[:2]
        found, crops = [*near, *(face for face, _ in far)], [*(None for _ in near), *(crop for _, crop in far)]
        if self.people == 1 and len(found) > 1:
            largest = max(range(len(found)), key=lambda i: face_px(found[i].landmarks, (width, height)))
            found, crops = [found[largest]], [crops[largest]]
        pixels = np.array([width, height, width], np.float32)
        owners = self._tracker.step(
            [face.landmarks * pixels for face in found],
            frame.t_ns,
            known={i: crop.key for i, crop in enumerate(crops) if crop is not None and crop.key is not None},
            waiting=set() if alone else self._crowd.waiting,
            sought=set() if alone else self._crowd.sought,
        )
        if not alone:
            self._crowd.settle(owners, crops, image, self._tracker, frame.t_ns)
        measured = [
            (track, *measure(track, face, image, alone, self.view_deg))
            for track, face in zip(owners, found, strict=True)
            if track is not None
        ]
        for track, row, *_ in measured:
            if track.settling and 0 <= frame.t_ns - self._cut_ns < AFTER_CUT_NS:
                row.reason = f"cut, {row.reason}"
        poses = {track.key: face.pose for track, face in zip(owners, found, strict=True) if track is not None}
        self._name(image, measured, poses, frame.t_ns, alone)
        shown = [(track.id, *rest) for track, *rest in measured]
        lost = [track.id for track in self._tracker.lost(frame.t_ns)]
        held = [] if alone else self._tracker.held(frame.t_ns)
        if self.people == 1:
            lost = [] if shown or held else lost[:1]
        shown += [(person, FaceRow(id=person, state="no_face"), None, None, None) for person in lost]
        shown += [(track.id, held_row(track), None, None, None) for track in held]
        shown.sort(key=lambda row: row[0])
        if self._lookout.turned:
            shown = [
                (i, back_row(row), None if mesh is None else back_mesh(mesh), *rest) for i, row, mesh, *rest in shown
            ]
        yield from self._messages(frame, width, height, shown)

    def _apart(self, frame: VideoFrame) -> bool:
        """Whether a frame comes so long after the one before that it is measured as a photograph is.

        That takes longest. Where it is for want of time that frames in between were dropped, a photograph is therefore
        followed by a frame that goes on from it: else each would be the reason of the next.
        """
        if self._last_ns is None or frame.t_ns - self._last_ns <= APART_NS:
            return False
        dropped = frame.t_ns - self._last_ns <= APART_NS * (frame.seq - self._last_seq)
        return not (dropped and self._alone)

    def _found(
        self, image: NDArray[np.uint8], t_ns: int, alone: bool
    ) -> tuple[NDArray[np.uint8], list[Found], list[tuple[Found, Closeup | None]]]:
        """The picture as it is to be measured, the faces that the whole of it gives, and those of crops."""
        t_ms, lookout, crowd = self._last_ms, self._lookout, self._crowd
        if alone:
            lookout.look(image, t_ms, still=True)
            image = lookout.view(image)
            near = self._watch.settle(image)
            lookout.surprised(t_ms, len(near))
            crowd.forget()
            return image, near, [(face, None) for face in crowd.still(image, near)]
        if lookout.due(t_ms) and lookout.look(image, t_ms):
            self._turn()
        view = lookout.view(image)
        if not crowd.plan(view, self._tracker, t_ns):
            return view, [], list(crowd.measure(view, [], t_ns))
        near = self._watch.find(view, t_ms)
        if lookout.surprised(t_ms, len(near)) and lookout.look(image, t_ms):
            self._turn()
            view = lookout.view(image)
            near = self._watch.find(view, t_ms)
            lookout.surprised(t_ms, len(near))
        return view, near, list(crowd.measure(view, near, t_ns))

    def _turn(self) -> None:
        """Film that is upside down from now on, or no longer: what followed the faces so far would mislead."""
        self._watch.close()
        self._watch = Watch(self._model, self._whole, self._lookout.detector)
        self._tracker.forget()
        self._crowd.forget()
        self._cuts.forget()

    def _name(
        self, image: NDArray[np.uint8], measured: list[Any], poses: dict[int, Any], t_ns: int, alone: bool
    ) -> None:
        """Settles who everybody is; a face of which that is open loses its numbers."""
        doubted: set[int] = set()
        if self.people == 1:
            for track in self._tracker.tracks:
                track.id = 0
        elif self._people is not None and not alone:
            sights = [
                Sight(track, mesh, poses[track.key], crop, row.state == "ok" or row.reason.endswith("settling"))
                for track, row, mesh, crop, _ in measured
            ]
            doubted = self._people.step(image, sights, t_ns)
        for place, (track, row, *rest) in enumerate(measured):
            row.id = track.id
            if track.key in doubted and row.state == "ok":
                blank = FaceRow(id=row.id, state="low_quality", box=row.box, quality=row.quality, reason=UNSURE)
                measured[place] = (track, blank, *rest)

    def _identity(self) -> tuple[People | None, str]:
        """What tells faces apart, and what to say of it."""
        if self.people == 1:
            return None, ""
        if not self.identity:
            return People(FaceShape(), self._tracker), ""
        try:
            return People(registry.load("face-identity"), self._tracker), ""
        except LicenceRefused:
            said = "people are told apart by place, size and shape alone: LIVEAFFECT_PROFILE forbids face-identity"
            return People(FaceShape(), self._tracker), said

    def _detector(self) -> tuple[FarFaceModel | None, str]:
        """What finds far faces, and what to say where nothing does."""
        if not self.far:
            return None, ""
        try:
            return registry.load("face-far"), ""
        except ModelError as error:
            return None, f"faces far from the camera are not found: {error}"

    def _messages(self, frame: VideoFrame, width: int, height: int, shown: list[Any]) -> Iterator[Message]:
        rows: tuple[FaceRow, ...] = tuple(row for _, row, _, _, _ in shown)
        states: list[State] = sorted((row.state for row in rows), key=_ORDER.index)
        state: State = states[0] if states else "no_face"
        about: dict[str, Any] = {"t_ns": frame.t_ns, "frame_seq": frame.seq}
        left = max(0, self._watch.seen - self._limit, self._crowd.refused(self._tracker, (width, height), frame.t_ns))
        yield FaceObservation(
            **about, width=width, height=height, state=state, still=frame.still, faces=rows, unmeasured=left
        )
        ok = [(row.id, mesh) for _, row, mesh, _, _ in shown if row.state == "ok"]
        if ok:
            yield FaceMesh(**about, ids=tuple(i for i, _ in ok), landmarks=np.stack([mesh for _, mesh in ok]))
        crops = np.zeros((len(rows), CROP_PX, CROP_PX, 3), np.uint8)
        vectors = np.zeros((len(rows), GEOMETRY_SIZE), np.float32)
        for i, (_, _, _, crop, vector) in enumerate(shown):
            if crop is not None:
                crops[i], vectors[i] = crop, vector
        yield FaceCrop(
            **about, state=state, still=frame.still, gap=frame.gap, crops=crops, geometry=vectors,
            faces=tuple(without_scores(row) for row in rows),
        )  # fmt: skip

    def _empty(self, frame: VideoFrame, state: State) -> Iterator[Message]:
        about: dict[str, Any] = {"t_ns": frame.t_ns, "frame_seq": frame.seq, "state": state, "still": frame.still}
        height, width = frame.image.shape[:2] if frame.image is not None else (0, 0)
        yield FaceObservation(**about, width=width, height=height)
        yield FaceCrop(**about, gap=frame.gap)

    def _restart(self) -> None:
        """Starts anew: nothing seen before the gap, or in another photograph, may show in what comes."""
        self._tracker.forget()
        self._cuts.forget()
        self._lookout.forget()
        self._crowd.forget()
        if self._people is not None:
            self._people.forget()
        if self._last_ns is not None:
            self._watch.close()
            self._watch = Watch(self._model, self._whole, self._lookout.detector)
            self._last_ns, self._last_ms = None, -1
