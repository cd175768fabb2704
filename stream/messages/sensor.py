"""Messages of the sensor itself: what camera, microphone, face, voice, the nets and the fusion say."""

from typing import Literal

from liveaffect.stream.messages.header import Array, Message, Part, State


class VideoFrame(Message):
    """One camera frame; `image` is uint8 RGB (height, width, 3), or None while there is no device."""

    image: Array | None = None
    state: State = "ok"
    frame_index: int = -1
    """Index of the frame in its source since it was opened (decoded frames, dropped ones counted)."""
    still: bool = False
    """True for a photograph: there is no time to smooth over."""
    gap: bool = False
    """True on the first frame after an interruption: downstream state starts anew."""


SOUND_RATE = 16000
"""Samples a second of all sound inside the graph."""
SOUND_HOP = 160
"""Samples of one chunk: 10 ms."""


class AudioChunk(Message):
    """One hop of sound; `samples` is float32 (160,), mono 16 kHz in [-1, 1]; `t_ns` is the time of its first sample."""

    samples: Array | None = None
    first_sample: int = 0
    """Index of samples[0] since the stream was opened, at 16 kHz."""
    state: State = "ok"
    gap: bool = False
    last: bool = False
    """True where the sound has ended: what was waiting for more of it comes out."""


class Face(Part):
    """One face in one frame. Numbers are None unless `state` is "ok"; the box is there whenever a face was found."""

    id: int
    state: State
    box: tuple[float, float, float, float] | None = None
    """x, y, width, height as fractions of the frame."""
    quality: float | None = None
    """0 (useless) to 1."""
    reason: str = ""
    """What lowered the quality, in words."""
    blendshapes: tuple[float, ...] | None = None
    """52 MediaPipe blendshape scores in [0, 1]."""
    au: tuple[float, ...] | None = None
    """Action-unit intensities 0 to 5, in the order of `liveaffect.models.face.action_units.ACTION_UNITS`."""
    yaw_deg: float | None = None
    pitch_deg: float | None = None
    roll_deg: float | None = None
    mouth_motion: float | None = None
    """Speed of lip opening, in face heights per second, >= 0."""
    eye_yaw_deg: float | None = None
    """Direction of the eyes in the head: positive towards the person's left (right in the image); 0 straight ahead."""
    eye_pitch_deg: float | None = None
    """Positive down. None where both eyes are closed or the head is turned too far, as the next four."""
    gaze_yaw_deg: float | None = None
    """Direction of the eyes against the line from the face to the camera: 0, 0 looks into the lens, wherever in the
    image the face is; positive to the right of the image."""
    gaze_pitch_deg: float | None = None
    """Positive down."""
    gaze_sd_deg: float | None = None
    """Standard deviation of the gaze's yaw, what differs from person to person included. In the head it is larger, by
    that of the head's pose."""
    gaze_pitch_sd_deg: float | None = None
    """Of its pitch, which the lids hide more of."""
    eye_open_left: float | None = None
    eye_open_right: float | None = None
    """0 (closed) to 1 (open) of the person's own left and right eye."""
    distance_m: float | None = None
    """From the camera to the eyes, by the size of the iris and an angle of view that is given or assumed."""
    distance_sd_m: float | None = None


class FaceObservation(Message):
    """All faces of one processed frame; `state` is "ok" when at least one face is."""

    frame_seq: int
    width: int = 0
    height: int = 0
    state: State = "no_face"
    still: bool = False
    faces: tuple[Face, ...] = ()
    unmeasured: int = 0
    """Faces in view that are not measured, as the detectors count them now and then: there are more than are followed
    (`face.max_faces`), or no landmarks are found on them (too small, turned away, hidden)."""

    @property
    def beyond(self) -> str:
        """The same in words, "" for nobody."""
        return f"{self.unmeasured} more in view, not measured" if self.unmeasured else ""


class FaceMesh(Message):
    """Landmarks of the faces of one frame: float32 (n, 478, 3), x and y as fractions of the frame, z on x's scale."""

    frame_seq: int
    ids: tuple[int, ...] = ()
    landmarks: Array | None = None


class FaceCrop(Message):
    """The faces of one frame cut out by `models/face/align.py`: all that face_affect needs, so nothing is joined.

    `crops` uint8 RGB (n, CROP_PX, CROP_PX, 3) and `geometry` float32 (n, GEOMETRY_SIZE) have one row per face.
    """

    frame_seq: int
    state: State = "no_face"
    still: bool = False
    faces: tuple[Face, ...] = ()
    """As in FaceObservation, without blendshapes, action units, eyes and distance."""
    crops: Array | None = None
    geometry: Array | None = None
    gap: bool = False


class FaceEstimate(Part):
    """What one face shows in one frame, before any smoothing over time."""

    id: int
    state: State
    valence: float | None = None
    valence_sd: float | None = None
    arousal: float | None = None
    arousal_sd: float | None = None
    emotions: tuple[float, ...] | None = None
    """Distribution over the eight categories of `liveaffect.models.circumplex.EMOTIONS`."""
    mouth_motion: float | None = None
    quality: float | None = None


class FaceAffect(Message):
    """The face model's estimates for one frame."""

    frame_seq: int
    state: State = "no_face"
    still: bool = False
    model: str = ""
    faces: tuple[FaceEstimate, ...] = ()
    gap: bool = False
    """True on the first one after a seek in a replay."""


class VoiceDescriptors(Message):
    """Low-level descriptors of one 10 ms hop (eGeMAPS v02 and more); `t_ns` is the time of the hop itself."""

    first_sample: int = 0
    state: State = "ok"
    speech_prob: float | None = None
    """Silero voice activity, 0 to 1."""
    values: dict[str, float | None] = {}
    """Descriptor name with unit -> value, see `liveaffect.models.voice.descriptors.NAMES`."""
    delay_ms: float | None = None
    """From this hop's first sample to the last sample that its descriptors waited for (look-ahead included)."""
    mel_db: tuple[float, ...] | None = None
    """Log-mel row of this hop, dB re full scale (80 bands, `liveaffect.models.voice.mel`): what voice_affect sees."""
    gap: bool = False


class VoiceAffect(Message):
    """The voice model's estimate for the seconds of speech that end at `t_ns`."""

    state: State = "silence"
    speech_prob: float | None = None
    valence: float | None = None
    valence_sd: float | None = None
    arousal: float | None = None
    arousal_sd: float | None = None
    emotions: tuple[float, ...] | None = None
    model: str = ""


class Person(Part):
    """One person after fusion and smoothing."""

    id: int
    """The face id, or -1 for a voice that belongs to no visible face."""
    state: State
    valence: float | None = None
    valence_sd: float | None = None
    arousal: float | None = None
    arousal_sd: float | None = None
    emotions: tuple[float, ...] | None = None
    face_weight: float | None = None
    voice_weight: float | None = None
    discord: float | None = None
    """Jensen-Shannon divergence of face and voice distributions, 0 (agree) to 1."""
    speaking_prob: float | None = None
    face_age_ms: float | None = None
    voice_age_ms: float | None = None
    coasting: bool = False
    """True while the numbers are carried by the filter alone."""
    name: str = ""
    """As somebody called this person; "" for one who was not named."""
    compound: str = ""
    """The distribution told as a compound emotion, such as "happily surprised"; "" where it is none."""
    likely: tuple[str, ...] = ()
    """Categories of which one is, for nine faces in ten, what most raters would say; () where that is not known."""


class GazeAxis(Part):
    """One axis of a calibrated gaze: the direction is offset + gain * told, degrees."""

    offset_deg: float = 0.0
    gain: float = 1.0
    gain_sd: float = 0.0
    middle_deg: float = 0.0
    """Told at the middle of the dots; away from it `gain_sd` widens the deviation."""
    sd_scale: float = 1.0
    """Deviation that is left there, over the one that `Face` states."""


class GazeCalibration(Part):
    """What looks at known dots say of one person's gaze. `Face` stays as measured."""

    yaw: GazeAxis
    pitch: GazeAxis
    dots: int = 0
    before_deg: float = 0.0
    after_deg: float = 0.0
    """Root mean square of the angle beside the dots, as told, and corrected by what the other dots say."""
    head_yaw_deg: float = 0.0
    head_pitch_deg: float = 0.0
    """How the head was held at the dots; turned away from there, the deviations are the stated ones again."""


class Baseline(Message):
    """A neutral capture: how a person looks at rest. What the other topics say is never changed by it."""

    state: Literal["done", "failed", "cleared"]
    text: str = ""
    """In words: why it failed, for instance."""
    face_id: int | None = None
    from_ns: int = 0
    to_ns: int = 0
    """The seconds that were asked for."""
    rows: int = 0
    """Frames that it rests on."""
    valence: float | None = None
    arousal: float | None = None
    valence_spread: float | None = None
    arousal_spread: float | None = None
    """Means over those frames of the fused estimates, and their standard deviations."""
    au: dict[str, float] = {}
    """Action unit ("au12") -> mean raw intensity, 0 to 5."""
    restless: bool = False
    """True where the face was hardly at rest."""
    file: str = ""
    """Where it is kept, "~" for the home folder of the user whom the sensor runs for."""
    gaze: GazeCalibration | None = None
    """Of a person who also looked at known dots."""


class Affect(Message):
    """The product: everyone in view (and the voice), fused and smoothed. `state` is "ok" where anyone has numbers."""

    frame_seq: int = -1
    """The frame this row answers, -1 when a tick asked."""
    state: State = "no_face"
    face_state: State = "no_face"
    voice_state: State = "silence"
    people: tuple[Person, ...] = ()
