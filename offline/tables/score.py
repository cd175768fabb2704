"""The score table: messages of one file become one row per face and frame (per 100 ms where there is only sound).

The columns are a contract; `DICTIONARY` states each one's meaning, unit and range.
"""

from bisect import bisect_right
from collections import OrderedDict, deque
from collections.abc import Mapping
from typing import Any, get_args

import polars as pl

from liveaffect.models.circumplex import EMOTIONS
from liveaffect.models.face.action_units import ACTION_UNITS
from liveaffect.offline.tables import attention
from liveaffect.stream import messages as m
from liveaffect.stream.topics import VOICE_AFFECT

HOP_NS = 10_000_000
WAIT_NS = max(VOICE_AFFECT.delay_ns, attention.WAIT_NS)
VOICE_WINDOW_NS, VOICE_STEP_NS = 150_000_000, 100_000_000
FRAMES_KEPT = 256
"""An estimate every 100 ms: one that is older says nothing about this instant."""
BATCH = 1024
PATIENCE = 1.5
"""Steps without a picture after which it is missing."""
LEAST_HOLE_NS = 10_000_000_000
"""A film whose picture and sound say nothing for longer has no rows there: most likely a time stamp is damaged."""

STATES = " ".join(get_args(m.State))
AU_COLUMNS = [unit.lower() for unit in ACTION_UNITS]
DIMENSIONS = ["valence", "valence_sd", "arousal", "arousal_sd"]
PROBABILITIES = [f"p_{name}" for name in EMOTIONS]
AFFECT_COLUMNS = [*DIMENSIONS, *PROBABILITIES]


def _affect_words(prefix: str, of: str) -> dict[str, tuple[str, str, str]]:
    words = {
        f"{prefix}valence": (f"valence {of}: unpleasant to pleasant", "1", "-1 to 1"),
        f"{prefix}valence_sd": (f"standard deviation of the valence {of}", "1", "above 0"),
        f"{prefix}arousal": (f"arousal {of}: calm to excited", "1", "-1 to 1"),
        f"{prefix}arousal_sd": (f"standard deviation of the arousal {of}", "1", "above 0"),
    }
    for name in EMOTIONS:
        words[f"{prefix}p_{name}"] = (f"probability of {name} {of}; the eight sum to 1", "1", "0 to 1")
    return words


DICTIONARY: dict[str, tuple[str, str, str]] = {
    "file": ("name of the input", "", ""),
    "t_s": ("time since the start: of a file, its own zero; of a session, its first frame or sample", "s", "0 and up"),
    "t_ns": ("the same: of a session, on the monotonic clock of its machine (zero is t_ns minus t_s)", "ns", ""),
    "utc": ("the same in UTC, by the clocks of the session; null in a file, which does not know", "", "ISO 8601"),
    "face_id": ("number of the person in this file; null where there is no face", "", "0 and up"),
    "state": ("ok where the fused numbers stand; otherwise why there are none", "", STATES),
    **_affect_words("", "after fusion and causal smoothing"),
    "face_state": ("ok where the face gave numbers; otherwise why it did not", "", STATES),
    **_affect_words("face_", "of the face in this frame alone"),
    "voice_state": ("ok where the voice gave numbers; otherwise why it did not", "", STATES),
    **_affect_words("voice_", "of the last seconds of speech alone"),
    **{
        unit.lower(): (f"action unit {unit[2:]}, {name}: intensity", "FACS A to E as 1 to 5", "0 to 5")
        for unit, name in ACTION_UNITS.items()
    },
    "yaw_deg": ("head turn; positive towards the right edge of the image", "degree", "-90 to 90"),
    "pitch_deg": ("head nod; positive down", "degree", "-90 to 90"),
    "roll_deg": ("head tilt; positive anticlockwise in the image", "degree", "-180 to 180"),
    **attention.EYES,
    **attention.DICTIONARY,
    "f0_hz": ("fundamental frequency of the voice; null where unvoiced", "Hz", "55 to 1000"),
    "loudness_sone": ("loudness of the sound", "sone (uncalibrated)", "0 and up"),
    "speech_prob": ("probability that anyone speaks", "1", "0 to 1"),
    "speaking_prob": ("probability that this person speaks", "1", "0 to 1"),
    "unmeasured": ("faces in view that are not measured (too many, too small, turned), now and then", "", "0 and up"),
    "discord": ("Jensen-Shannon divergence of face and voice distributions", "bit", "0 to 1"),
    "compound": ("compound emotion that the fused distribution makes; null where none", "", "seven names"),
    "likely": (
        "categories, likeliest first, of which one is what most raters would say, for nine faces in ten",
        "",
        "names with + between",
    ),
}
COLUMNS = list(DICTIONARY)
EYE_COLUMNS = list(attention.EYES)
POSE_COLUMNS = ["yaw_deg", "pitch_deg", "roll_deg", *EYE_COLUMNS]
SMOOTH_COLUMNS = [f"smooth_{name}" for name in AFFECT_COLUMNS]
REL_COLUMNS = [*(f"{unit}_rel" for unit in AU_COLUMNS), "valence_rel", "arousal_rel"]
CAL_COLUMNS = ["gaze_yaw_cal_deg", "gaze_pitch_cal_deg", "gaze_sd_cal_deg", "gaze_pitch_sd_cal_deg"]
EXTRAS: dict[str, tuple[str, str, str]] = {
    "segment": ("number of the segment (--split); where it changes, filters have started anew", "", "0 and up"),
    "name": ("name the person was given (sessions in which people were named)", "", ""),
    "marker": ("label of the marker that was set last, at or before this row (--markers)", "", ""),
    "marker_t_s": ("when that marker was set (--markers)", "s", ""),
    **_affect_words("smooth_", "smoothed with what came up to a second later (--smooth)"),
    **{
        f"{unit.lower()}_rel": (f"{unit.lower()} minus the person's own at rest (--baseline)", "FACS A to E", "-5 to 5")
        for unit in ACTION_UNITS
    },
    "valence_rel": ("valence minus the person's own at rest (--baseline)", "1", "-2 to 2"),
    "arousal_rel": ("arousal minus the person's own at rest (--baseline)", "1", "-2 to 2"),
    "gaze_yaw_cal_deg": ("gaze_yaw_deg corrected by looks at dots (--baseline with such)", "degree", "-70 to 70"),
    "gaze_pitch_cal_deg": ("gaze_pitch_deg corrected by looks at dots (--baseline with such)", "degree", "-70 to 70"),
    "gaze_sd_cal_deg": ("standard deviation of gaze_yaw_cal_deg", "degree", "above 0"),
    "gaze_pitch_sd_cal_deg": ("standard deviation of gaze_pitch_cal_deg", "degree", "above 0"),
}
"""Columns that are asked for; they come after `COLUMNS`."""
TEXT = ("file", "state", "face_state", "voice_state", "gaze_by", "compound", "likely")
UTC = pl.Datetime("us", "UTC")
_KINDS: dict[str, Any] = {
    **attention.KINDS,
    **dict.fromkeys(TEXT, pl.String),
    "t_s": pl.Float64,
    "t_ns": pl.Int64,
    "utc": UTC,
    "face_id": pl.Int64,
    "unmeasured": pl.Int64,
}
SCHEMA: dict[str, Any] = {name: _KINDS.get(name, pl.Float32) for name in COLUMNS}


class TableBuilder:
    """Collects the messages of one file in stream order and gives back the table.

    Rows wait until the stream has passed the delay of the voice: a table is aligned by content.
    `sound_only` gives a row per tick instead of one per frame. With `sound`, time without a picture has rows too;
    without `holes` not for ever, where there is no sound either. Whoever cannot hold the whole table asks `ready`,
    after every message, for what is finished. Pictures that are measured every `step_s` are not missing in between.
    """

    def __init__(
        self,
        file: str,
        *,
        sound_only: bool = False,
        sound: bool = True,
        start_ns: int = 0,
        holes: bool = True,
        step_s: float = 0.0,
    ) -> None:
        self._file, self._sound_only, self._has_sound, self._start_ns = file, sound_only, sound, start_ns
        self._observed: OrderedDict[int, dict[int, m.Face]] = OrderedDict()
        self._estimated: OrderedDict[int, dict[int, m.FaceEstimate]] = OrderedDict()
        """Frame -> faces: a recording may lack what was said of a frame, and then nothing stands in for it."""
        self._unmeasured: OrderedDict[int, int | None] = OrderedDict()
        self._pending: deque[tuple[int, bool, dict[str, Any]]] = deque()
        """Time, whether there was a picture, and the row."""
        self._hops: deque[m.VoiceDescriptors] = deque()
        self._voices: deque[m.VoiceAffect] = deque()
        self._attention = attention.AttentionColumns()
        self._heard_ns = start_ns
        self._holes, self._missing_ns = holes, int(PATIENCE * step_s * 1e9)
        self._pictured_ns = start_ns - self._missing_ns
        self._said_ns: int | None = None
        self.left_out: list[tuple[int, int]] = []
        """Stretches (ns) that have no rows, as nothing was there."""
        self._rows: list[dict[str, Any]] = []
        self._batches: list[pl.DataFrame] = []

    def add(self, message: m.Message) -> None:
        """Takes one message; topics that the table does not show are ignored."""
        if isinstance(message, m.FaceObservation):
            _note(self._observed, message.frame_seq, {face.id: face for face in message.faces})
            _note(self._unmeasured, message.frame_seq, message.unmeasured)
        elif isinstance(message, m.FaceAffect):
            _note(self._estimated, message.frame_seq, {face.id: face for face in message.faces})
        elif isinstance(message, m.VoiceDescriptors):
            self._hops.append(message)
            self._heard_ns = message.t_ns
        elif isinstance(message, m.VoiceAffect):
            self._voices.append(message)
        elif isinstance(message, m.Affect):
            self._settle(message.t_ns)
            if self._wanted(message):
                self._affect(message)
        else:
            self._attention.add(message)

    def ready(self) -> pl.DataFrame | None:
        """The next finished rows, each handed out once; None until there is a batch of them."""
        return self._batches.pop(0) if self._batches else None

    def finish(self) -> pl.DataFrame:
        """All rows that were not handed out; columns as in `SCHEMA`."""
        if self._sound_only:  # ticks go on until the last answer has come: those after the sound are no rows
            while self._pending and self._pending[-1][0] > self._heard_ns + HOP_NS:
                self._pending.pop()
        self._settle(None)
        self._flush()
        found, self._batches = self._batches, []
        return pl.concat(found) if found else pl.DataFrame(schema=SCHEMA)

    def _wanted(self, affect: m.Affect) -> bool:
        if affect.frame_seq < 0:  # sound alone: no picture in this file, or none any more
            missing = affect.face_state == "stale" and affect.t_ns - self._pictured_ns > self._missing_ns
            return self._sound_only or (self._has_sound and missing)
        self._pictured_ns = affect.t_ns
        return not self._sound_only

    def _affect(self, affect: m.Affect) -> None:
        """Rows of one instant; a face that is not in the frame has none, even while the stream carries it on."""
        estimated = self._estimated.get(affect.frame_seq, {})
        here = {face_id for face_id, estimate in estimated.items() if estimate.state != "no_face"}
        shown = [person for person in affect.people if person.id in here] if affect.frame_seq >= 0 else []
        alone = [person for person in affect.people if person.id < 0]
        for person in shown or alone[:1] or [None]:
            row: dict[str, Any] = {"file": self._file, "t_s": (affect.t_ns - self._start_ns) / 1e9, "t_ns": affect.t_ns}
            row["face_state"], row["voice_state"] = affect.face_state, affect.voice_state
            row["unmeasured"] = self._unmeasured.get(affect.frame_seq)
            row["state"] = affect.state if affect.face_state in ("ok", "no_device") else affect.face_state
            if person is not None:
                row["state"] = person.state
                row.update(_numbers("", person), speaking_prob=person.speaking_prob, discord=person.discord)
                row.update(compound=person.compound or None, likely="+".join(person.likely) or None)
                if person.id >= 0:
                    row["face_id"] = person.id
                    self._face(row, estimated[person.id], self._observed.get(affect.frame_seq, {}))
            self._pending.append((affect.t_ns, affect.frame_seq >= 0, row))

    def _face(self, row: dict[str, Any], estimate: m.FaceEstimate, observed: Mapping[int, m.Face]) -> None:
        row["face_state"] = estimate.state
        row.update(_numbers("face_", estimate))
        face = observed.get(estimate.id)
        if face is not None:
            row.update((name, getattr(face, name)) for name in POSE_COLUMNS)
            row.update(zip(AU_COLUMNS, face.au or (), strict=False))

    def _settle(self, passed_ns: int | None) -> None:
        """Finishes the rows whose sound and blinks are complete: the stream has passed them, or (None) is over."""
        while self._pending and (passed_ns is None or self._pending[0][0] + WAIT_NS < passed_ns):
            t_ns, seen, row = self._pending.popleft()
            self._sound(row, t_ns)
            if "face_id" in row:
                self._attention.fill(row)
            if self._holes or self._is_there(t_ns, seen):
                self._rows.append(row)
            if len(self._rows) >= BATCH:
                self._flush()

    def _is_there(self, t_ns: int, seen: bool) -> bool:
        """Whether a picture or sound has said anything of late; notes where none has."""
        heard = bool(self._hops) and self._hops[0].t_ns <= t_ns
        if seen or heard or self._said_ns is None:
            said_ns = self._hops[0].t_ns if heard and not seen else t_ns
            self._said_ns = said_ns if self._said_ns is None else max(self._said_ns, said_ns)
        begin_ns = self._said_ns + LEAST_HOLE_NS
        if t_ns <= begin_ns:
            return True
        if self.left_out and self.left_out[-1][0] == begin_ns:
            self.left_out.pop()
        self.left_out.append((begin_ns, t_ns))
        return False

    def _sound(self, row: dict[str, Any], t_ns: int) -> None:
        hop = _last_until(self._hops, t_ns, HOP_NS, HOP_NS)
        if hop is not None:
            row["speech_prob"] = hop.speech_prob
            row["f0_hz"] = hop.values.get("f0_hz")
            row["loudness_sone"] = hop.values.get("loudness_sone")
        voice = _last_until(self._voices, t_ns, VOICE_WINDOW_NS, VOICE_STEP_NS)
        if voice is not None:
            row["voice_state"] = voice.state
            row.update(_numbers("voice_", voice))

    def _flush(self) -> None:
        if self._rows:
            columns = {name: [row.get(name) for row in self._rows] for name in COLUMNS}
            self._batches.append(pl.DataFrame(columns, schema=SCHEMA))
            self._rows = []


def _note(line: OrderedDict[int, Any], frame: int, what: Any) -> None:
    line[frame] = what
    if len(line) > FRAMES_KEPT:
        line.popitem(last=False)


def _last_until(line: deque[Any], t_ns: int, window_ns: int, step_ns: int) -> Any:
    """The newest message at or before `t_ns` and no older than the window; forgets what no later row can want.

    Where the next message is missing (its number is not there), the one before stands for its own step alone.
    """
    index = bisect_right(line, t_ns, key=lambda message: message.t_ns) - 1
    if index < 0:
        return None
    found = line[index]
    follows = len(line) > index + 1 and line[index + 1].seq in (-1, found.seq + 1)
    for _ in range(index):
        line.popleft()
    age_ns = t_ns - found.t_ns
    return found if age_ns < step_ns or (follows and age_ns <= window_ns) else None


def _numbers(prefix: str, estimate: Any) -> dict[str, Any]:
    numbers = {f"{prefix}{name}": getattr(estimate, name) for name in DIMENSIONS}
    emotions = estimate.emotions or (None,) * len(EMOTIONS)
    numbers.update({f"{prefix}{name}": p for name, p in zip(PROBABILITIES, emotions, strict=True)})
    return numbers
