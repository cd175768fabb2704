"""The baseline node: collects some seconds of a face at rest, keeps them as a file, and says what they were.

Command `baseline`: {action: "capture"} with seconds, face (an id, or null where only one is in view) and folder ("" is
the session while one is recorded, else where this user's data lie); {action: "gaze"} with dots that the person of the
baseline in force looks at in turn; {action: "cancel"} for what is being taken, {action: "clear"} for all of it.
"""

from importlib.metadata import version
from pathlib import Path

import msgspec
import platformdirs

from liveaffect.models.errors import BadInput
from liveaffect.models.face import baseline as files
from liveaffect.models.face.eyes.looks import GazeFit
from liveaffect.models.face.rest import unrest
from liveaffect.models.files.manifest import entries
from liveaffect.nodes.baseline.capture import BaselineArguments, Capture, Fit
from liveaffect.nodes.baseline.looks import Looks
from liveaffect.stream.errors import UsageError
from liveaffect.stream.messages import (
    Affect,
    Baseline,
    BaselineStatus,
    Command,
    FaceObservation,
    GazeCalibration,
    Health,
    Message,
    RecordStatus,
    Tick,
)
from liveaffect.stream.node import Node, answered, command, on
from liveaffect.stream.topics import ACK, AFFECT, BASELINE, COMMAND, FACE, HEALTH, TICK

HOME = Path("~")
MODELS = ("face-landmarker", "face-affect")
"""Those whose numbers a baseline holds."""


class BaselineNode(Node):
    """Captures neutral baselines from `affect` and `face/observation`; the estimates themselves stay as they are."""

    def open(self) -> None:
        self._capture: Capture | None = None
        self._looks: Looks | None = None
        self._kept: files.FaceBaseline | None = None
        """What the baseline in force is as a file, and when it was begun."""
        self._kept_ns = 0
        self._seen: FaceObservation | None = None
        self._felt: Affect | None = None
        self._session = ""
        self._in_force: Baseline | None = None
        self._fit: Fit | None = None
        self._trouble = ""

    def status(self) -> BaselineStatus:
        """Whether a capture goes on, and the baseline in force, for windows that are opened later."""
        kept = self._in_force
        doubt = "" if kept is None or kept.face_id is None or self._fit is None else self._fit.doubt(kept.face_id)
        return BaselineStatus(capturing=self._busy, in_force=kept, doubt=doubt)

    def trouble(self) -> str:
        """Why the last baseline could not be kept."""
        return self._trouble

    @on(COMMAND, emits=(ACK, BASELINE))
    @command("baseline", BaselineArguments)
    def obey(self, command: Command) -> list[Message]:
        """Answers `baseline`."""
        said: list[Message] = []
        ack = answered(self, command, lambda asked: self._obey(asked, said))
        return [] if ack is None else [ack, *said]

    def _obey(self, command: Command, said: list[Message]) -> str:
        asked = msgspec.convert(command.arguments, BaselineArguments)
        if asked.action == "clear":
            self._capture, self._looks, self._in_force = None, None, None
            said.append(Baseline(t_ns=command.t_ns, state="cleared", text="no baseline is in force"))
            return "no baseline is in force; its file stays"
        if asked.action == "cancel":
            self._capture, self._looks = None, None
            return "nothing is being captured any more"
        if self._busy:
            raise UsageError("a baseline is being captured: wait for it, or cancel it first")
        if asked.folder and not Path(asked.folder).is_dir():
            raise UsageError(f"folder '{asked.folder}' does not exist: make it first, or leave it out")
        if asked.action == "gaze":
            return self._look(asked, command.t_ns)
        self._capture = Capture(asked, command.t_ns)
        return f"capturing {asked.seconds:g} s"

    @property
    def _busy(self) -> bool:
        return self._capture is not None or self._looks is not None

    def _look(self, asked: BaselineArguments, t_ns: int) -> str:
        """Begins to take looks at dots."""
        kept = self._in_force
        if kept is None or kept.face_id is None:
            raise UsageError("the gaze is calibrated of a person whose baseline is in force: take the baseline first")
        if asked.face not in (None, kept.face_id):
            raise UsageError(f"the baseline in force is of face {kept.face_id}, not {asked.face}: take theirs first")
        view_deg = float(self.host.graph.get("face", {}).get("view_deg", 0.0) or 0.0)
        self._looks = Looks(asked, t_ns, kept.face_id, view_deg)
        return f"looking at {len(asked.dots)} dots"

    @on(HEALTH)
    def health(self, health: Health) -> None:
        """Where the session that is being recorded lies."""
        if isinstance(health.status, RecordStatus):
            self._session = health.status.session if health.status.recording else ""

    @on(FACE)
    def face(self, observation: FaceObservation) -> None:
        """The action units of a frame."""
        self._seen = observation
        if self._looks is not None:
            self._looks.see(observation)
        if self._in_force is not None and self._fit is not None and self._in_force.face_id is not None:
            self._fit.seen(observation, self._in_force.face_id)
        self._collect()

    @on(AFFECT, emits=BASELINE)
    def affect(self, affect: Affect) -> Baseline | None:
        """The estimates of a frame."""
        said = self._passed(affect.t_ns)
        self._felt = affect
        self._collect()
        return said

    def _collect(self) -> None:
        """Takes a frame of which both are known, once."""
        seen, felt, capture = self._seen, self._felt, self._capture
        if capture is None or seen is None or felt is None or seen.t_ns != felt.t_ns or felt.frame_seq < 0:
            return
        self._felt = None
        if not capture.begun_ns <= seen.t_ns <= capture.end_ns:
            return
        capture.frames += 1
        faces = {face.id: face for face in seen.faces if face.state == "ok" and face.au is not None}
        for person in felt.people:
            face = faces.get(person.id)
            if face is None or face.au is None or person.state != "ok":
                continue
            if person.valence is None or person.arousal is None:
                continue
            capture.rows.setdefault(person.id, []).append((person.valence, person.arousal, face.au))
            capture.fits.setdefault(person.id, Fit()).taken(seen, face)
            if person.emotions is not None:
                capture.shares.setdefault(person.id, []).append(person.emotions)
            if face.yaw_deg is not None and face.pitch_deg is not None:
                capture.turned.setdefault(person.id, []).append((face.yaw_deg, face.pitch_deg))

    @on(TICK, emits=BASELINE)
    def tick(self, tick: Tick) -> Baseline | None:
        """The time is up also where no frame comes."""
        return self._passed(tick.t_ns)

    def _passed(self, t_ns: int) -> Baseline | None:
        capture, looks = self._capture, self._looks
        if looks is not None and t_ns > looks.end_ns:
            self._looks = None
            return self._calibrate(looks, t_ns)
        if capture is None or t_ns <= capture.end_ns:
            return None
        self._capture = None
        said = self._judge(capture, t_ns)
        if said.state == "done":
            self._in_force = said
            self._fit = None if said.face_id is None else capture.fits.get(said.face_id)
        return said

    def _calibrate(self, looks: Looks, t_ns: int) -> Baseline | None:
        """The baseline in force with the calibration in it, or why there is none."""
        before, kept = self._in_force, self._kept
        if before is None or kept is None:
            return None
        try:
            found = looks.calibrated()
        except BadInput as error:
            text = f"the gaze is not calibrated: {error}"
            return Baseline(t_ns=t_ns, state="failed", text=text, face_id=looks.face_id)
        self._kept = msgspec.structs.replace(kept, gaze=found)
        file = self._keep(self._kept, looks.asked.folder)
        text = (
            f"gaze on {found.dots} dots: {found.before_deg:.1f} degrees beside them before, {found.after_deg:.1f} after"
        )
        gaze = msgspec.convert(found, GazeCalibration, from_attributes=True)
        self._in_force = msgspec.structs.replace(before, t_ns=t_ns, text=text, gaze=gaze, file=file)
        return self._in_force

    def _judge(self, capture: Capture, t_ns: int) -> Baseline:
        asked = capture.asked
        enough = {face: rows for face, rows in capture.rows.items() if len(rows) >= files.LEAST_ROWS}
        if asked.face is None and len(enough) > 1:
            text = f"faces {sorted(enough)} were in view: say whose baseline it is to be"
            return Baseline(t_ns=t_ns, state="failed", text=text)
        face_id = asked.face if asked.face is not None else next(iter(enough), None)
        rows = capture.rows.get(face_id, []) if face_id is not None else []
        if face_id is None or len(rows) < files.LEAST_ROWS:
            whose = "A face" if asked.face is None else f"Face {asked.face}"
            text = (
                f"{whose} was seen clearly in only {len(rows)} of {capture.frames} frames: look at the camera, in good "
                "light, and try again"
            )
            return Baseline(t_ns=t_ns, state="failed", text=text, face_id=asked.face, rows=len(rows))
        models = {name: entry for name, entry in entries().items() if name in MODELS}
        valence, arousal, au = zip(*rows, strict=True)
        wrong = unrest(valence, arousal, au, capture.shares.get(face_id, []), capture.turned.get(face_id, []))
        if wrong and not asked.anyway:
            text = f"Face {face_id} was not at rest: {'; '.join(wrong)}. Nothing is kept"
            return Baseline(t_ns=t_ns, state="failed", text=text, face_id=face_id, rows=len(rows), restless=True)
        found = files.baseline_of(
            valence,
            arousal,
            au,
            face_id=face_id,
            from_s=0.0,
            to_s=asked.seconds,
            source=Path(self._session).name or "live",
            liveaffect=version("liveaffect"),
            models={name: {"version": entry.version, "sha256": entry.sha256} for name, entry in models.items()},
        )
        earlier = self._in_force
        gaze = earlier.gaze if earlier is not None and earlier.face_id == face_id else None
        if gaze is not None:
            found = msgspec.structs.replace(found, gaze=msgspec.convert(gaze, GazeFit, from_attributes=True))
        self._kept, self._kept_ns = found, capture.begun_ns
        return Baseline(
            t_ns=t_ns,
            state="done",
            text=f"face {face_id} at rest, {found.rows} frames",
            face_id=face_id,
            from_ns=capture.begun_ns,
            to_ns=capture.end_ns,
            rows=found.rows,
            valence=found.valence,
            arousal=found.arousal,
            valence_spread=found.valence_spread,
            arousal_spread=found.arousal_spread,
            au=found.au,
            restless=bool(wrong),
            file=self._keep(found, asked.folder),
            gaze=gaze,
        )

    def _keep(self, found: files.FaceBaseline, asked: str) -> str:
        """Writes the file, live only, and names it: the same in every recomputation of the session."""
        name = f"baseline-face{found.face_id}-{self._kept_ns // 1_000_000}.json"
        data = platformdirs.user_data_path("liveaffect") / "baselines"
        folder = Path(asked or self._session or data)
        self._trouble = ""
        if self.host.live:
            try:
                folder.mkdir(parents=True, exist_ok=True)
                files.save_baseline(found, folder / name)
            except OSError as error:
                self._trouble = f"the baseline cannot be kept in {folder}: {error.strerror}"
        path = folder / name
        return str(HOME / path.relative_to(Path.home())) if path.is_relative_to(Path.home()) else str(path)
