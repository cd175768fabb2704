"""Attention: blinks, closed eyes, nods and shakes of everyone in view, eye contact, and who looks at whom."""

import math
from collections.abc import Iterator
from typing import Annotated, Any, ClassVar

import msgspec

from liveaffect.models.attention.aims import Priors
from liveaffect.models.attention.directions import Place, place_of
from liveaffect.models.attention.person import Glimpse
from liveaffect.models.attention.tracker import AttentionSaid, AttentionTracker, mutual_gazes
from liveaffect.models.face.eyes.looks import GazeFit, apply, look_of
from liveaffect.models.face.eyes.sight import FOCAL_KNOWN_SD, FOCAL_SD, VIEW_DEG
from liveaffect.stream import messages as m
from liveaffect.stream.errors import UsageError
from liveaffect.stream.node import Node, on
from liveaffect.stream.topics import ATTENTION, BASELINE, BLINKED, FACE, GESTURE

LEAST_SD = 0.03  # of a distance by the iris, relative: irises differ by that from person to person
NEAR_M = 1.0  # stands for a distance that is not known: a direction is all that is used of it


class AttentionNode(Node):
    """Says everyone's attention five times a second, and blinks, nods and shakes as they end.

    It rests on `face/observation`, and on the gaze calibration of a `baseline` from a second after it was said, so that
    the same recording gives the same numbers. A face that was not
    measured in a frame is passed over in it; one that is not clear has no numbers.
    """

    idles: ClassVar[bool] = True

    view_deg: Annotated[float, msgspec.Meta(ge=0, lt=180)] = 0.0
    """The camera's angle of view across the picture's longer side, which says where in the room a face is; 0 is what
    `face.view_deg` says, and where that says nothing either, 65."""
    people_share_a_room: bool = True
    """false: nobody can look at anybody else, as in a picture of a video call, where faces are beside each other only
    on the screen."""
    cone_deg: Annotated[float, msgspec.Meta(ge=0.5, le=30)] = 5.0
    """Half-angle of the cone of looks that count as eye contact with the camera."""
    camera_prior: Annotated[float, msgspec.Meta(gt=0, lt=1)] = 0.3
    """Share of looks at the camera, before anything is seen."""
    others_prior: Annotated[float, msgspec.Meta(gt=0, lt=1)] = 0.3
    """Share of looks at other people in the picture, all together, before anything is seen."""

    def open(self) -> None:
        if self.camera_prior + self.others_prior >= 1:
            raise UsageError(
                f"attention.camera_prior ({self.camera_prior:g}) and attention.others_prior ({self.others_prior:g}) "
                "are shares: give numbers whose sum is below 1"
            )
        told = self.view_deg or float(self.host.graph.get("face", {}).get("view_deg", 0.0) or 0.0)
        self._view_deg = min(max(told or VIEW_DEG, 1.0), 179.0)
        self._lens_sd = FOCAL_KNOWN_SD if told else FOCAL_SD
        self._priors = Priors(self.camera_prior, self.others_prior, self.cone_deg)
        self._calibrated: dict[int, GazeFit] = {}
        self._begin(-1)

    def info(self) -> dict[str, Any]:
        return {"people": self._people}

    @on(BASELINE)
    def calibrate(self, said: m.Baseline) -> None:
        """Whose gaze is corrected from now on; a capture that failed leaves the one in force."""
        if said.state == "failed":
            return
        self._calibrated = {}
        if said.state == "done" and said.gaze is not None and said.face_id is not None:
            self._calibrated[said.face_id] = msgspec.convert(said.gaze, GazeFit, from_attributes=True)

    @on(FACE, emits=(ATTENTION, BLINKED, GESTURE))
    def step(self, frame: m.FaceObservation) -> Iterator[m.Message]:
        """One frame: events that have ended by it, and five times a second everyone."""
        if frame.still or frame.t_ns < self._now_ns:  # a photograph has no past; a replay went back
            self._begin(frame.t_ns)
        self._now_ns = frame.t_ns
        faces = {face.id: face for face in frame.faces}
        here = {who: face for who, face in faces.items() if face.state != "stale"}
        happened = self._tracker.see(
            frame.t_ns, {who: _glimpse(face, self._calibrated.get(who)) for who, face in here.items()}
        )
        for who, blink in happened.blinks:
            yield m.Blinked(
                t_ns=frame.t_ns, id=who, begin_ns=blink.begin_ns, end_ns=blink.end_ns, depth=blink.depth
            )  # fmt: skip
        for who, gesture in happened.gestures:
            yield m.Gesture(t_ns=frame.t_ns, id=who, **gesture._asdict())
        self._latest = {who: here.get(who, self._latest.get(who, face)) for who, face in faces.items()}
        if not self._tracker.due(frame.t_ns):
            return
        size = frame.width or 4, frame.height or 3
        said = self._tracker.say(frame.t_ns, {who: self._place(face, size) for who, face in self._latest.items()})
        self._people = len(said)
        people = tuple(_person(who, self._latest[who].state, one) for who, one in said.items())
        mutual = tuple(m.MutualGaze(first=a, second=b, p=p) for (a, b), p in mutual_gazes(said).items())
        yield m.Attention(t_ns=frame.t_ns, frame_seq=frame.frame_seq, people=people, mutual=mutual)

    def _place(self, face: m.Face, size: tuple[int, int]) -> Place | None:
        """Where a face is, as far as it is known; None for one that is not in the picture."""
        if face.box is None or face.state == "no_face":
            return None
        far, sd = face.distance_m, face.distance_sd_m
        if far is None or sd is None or not far > 0:
            far, sd = NEAR_M, 0.0
        own = max(sd * sd - (self._lens_sd * far) ** 2, 0.0)  # the lens is in it, and errs for everyone alike
        own_sd = max(math.sqrt(own), LEAST_SD * far) if sd > 0 else 0.0
        return place_of(face.box, size, self._view_deg, far, own_sd, self._lens_sd)

    def _begin(self, t_ns: int) -> None:
        self._tracker = AttentionTracker(self._priors, pairs=self.people_share_a_room)
        self._now_ns, self._people = t_ns, 0
        self._latest: dict[int, m.Face] = {}
        """Of everyone in view, the newest frame that was measured."""


def _glimpse(face: m.Face, calibrated: GazeFit | None) -> Glimpse | None:
    if face.state != "ok":
        return None
    yaw, pitch, sd, pitch_sd = told = face.gaze_yaw_deg, face.gaze_pitch_deg, face.gaze_sd_deg, face.gaze_pitch_sd_deg
    look = None if calibrated is None else look_of(told, (face.yaw_deg, face.pitch_deg))
    if calibrated is not None and look is not None:
        yaw, pitch, sd, pitch_sd = apply(calibrated, look)
    return Glimpse(
        yaw=face.yaw_deg,
        pitch=face.pitch_deg,
        gaze_yaw=yaw,
        gaze_pitch=pitch,
        gaze_sd=sd,
        gaze_pitch_sd=pitch_sd,
        open_left=face.eye_open_left,
        open_right=face.eye_open_right,
    )


def _person(who: int, state: m.State, said: AttentionSaid) -> m.PersonAttention:
    aims, gaze = said.aims, said.gaze
    return m.PersonAttention(
        id=who,
        state=state,
        by="" if gaze is None else "head" if gaze.by_head else "eyes",
        eye_contact=None if aims is None else aims.camera,
        looks=() if aims is None else tuple(m.Look(at=other, p=p) for other, p in aims.faces.items()),
        elsewhere=None if aims is None else aims.elsewhere,
        openness=said.openness,
        closed=said.shut,
        seconds=said.seconds,
        eye_contact_share=said.contact_share,
        blinks_per_min=said.blinks_per_min,
        perclos=said.perclos,
        blinks=said.blinks,
        nods=said.nods,
        shakes=said.shakes,
    )
