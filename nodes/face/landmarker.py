"""MediaPipe's Face Landmarker and face detector, wrapped: RGB frames in, arrays out, no chatter, no way out."""

import os
import re
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from liveaffect.nodes.face.later import later
from liveaffect.nodes.face.privacy import require_closed_door
from liveaffect.nodes.face.raw_result import reader
from liveaffect.nodes.face.shrink import shrink
from liveaffect.stream.errors import InputError

MIN_SIDE = 32
"""A frame with a shorter side holds no face that could be measured."""
MAX_SIDE = 1920
"""A longer frame is shrunk by a whole factor before detection; landmarks are fractions and do not notice."""
QUIET_CALLS = 3
"""MediaPipe chatters when it is made, when it first runs and when it is closed."""
_UNASKED = ("matplotlib", "matplotlib.pyplot", "sounddevice")
"""What its package imports to draw plots and hear sound: nine tenths of the import, and of no use here."""
_DETECTOR_FILE = "face_detector.tflite"  # inside the .task bundle
_REMEDY = "run `liveaffect models pull face-landmarker`"
_CHATTER = re.compile(rb"^([WI]\d{4} |INFO: |WARNING: Logging before InitGoogle|WARNING: All log messages before absl)")


class Found(NamedTuple):
    """One face in one frame, as MediaPipe gives it."""

    landmarks: NDArray[np.float32]
    """(478, 3): x and y as fractions of the frame, z on the scale of x."""
    blendshapes: NDArray[np.float32]
    """(52,) in [0, 1]."""
    pose: NDArray[np.float32]
    """(4, 4) facial transformation matrix."""


class Landmarker:
    """One Face Landmarker in VIDEO mode. It remembers: each frame's result depends on those before it.

    With `faces` 1 MediaPipe smooths the landmarks over time (half the jitter on a talking face) and looks for faces
    only when it has lost the one it follows; with more it never smooths, and runs the detector on every frame that
    shows fewer than `faces`. With `remembers` false each picture is taken by itself, whatever came before.
    Raises DoorOpenError in a process whose door is open, InputError for a file it rejects.
    """

    def __init__(self, model: Path, faces: int, *, remembers: bool = True) -> None:
        vision, base = _mediapipe(model)
        self._remembers = remembers
        options = vision.FaceLandmarkerOptions(
            base_options=base.BaseOptions(model_asset_path=str(model)),
            running_mode=vision.RunningMode.VIDEO if remembers else vision.RunningMode.IMAGE,
            num_faces=faces,
            output_face_blendshapes=True,
            output_facial_transformation_matrixes=True,
        )
        with _quiet():
            self._task = _create(vision.FaceLandmarker, options, model)
        self._raw = reader(self._task, remembers)
        self._calls = 0

    def find(self, image: NDArray[np.uint8], t_ms: int) -> list[Found]:
        """The faces of `image`, uint8 RGB (height, width, 3), at `t_ms`, which must grow from call to call where it
        remembers."""
        prepared, scale = prepare(image)
        if prepared is None:
            return []
        self._calls += 1
        with _quiet() if self._calls <= QUIET_CALLS else nullcontext():
            faces = (self._raw or self._read_objects)(_wrap(prepared), t_ms)
        return [Found(landmarks * scale, blendshapes, pose) for landmarks, blendshapes, pose in faces]

    def _read_objects(self, image: Any, t_ms: int) -> list[tuple[NDArray[np.float32], ...]]:
        """By the public call alone."""
        result = self._task.detect_for_video(image, t_ms) if self._remembers else self._task.detect(image)
        faces = zip(result.face_landmarks, result.face_blendshapes, result.facial_transformation_matrixes, strict=True)
        return [
            (
                np.array([(p.x, p.y, p.z) for p in points], np.float32),
                np.array([shape.score for shape in shapes], np.float32),
                np.ascontiguousarray(pose, np.float32),
            )
            for points, shapes, pose in faces
        ]

    def close(self) -> None:
        """Must be called: MediaPipe hangs when the garbage collector has to do it from within a cycle."""
        with _quiet():
            self._task.close()


class Detector:
    """The face detector inside the landmarker's bundle: about a fifth of the landmarker's cost, remembers nothing."""

    def __init__(self, model: Path) -> None:
        vision, base = _mediapipe(model)
        try:
            net = zipfile.ZipFile(model).read(_DETECTOR_FILE)
        except (zipfile.BadZipFile, KeyError) as error:
            raise InputError(
                f"{model} is not a Face Landmarker bundle ({error}): run `liveaffect models pull`"
            ) from None
        options = vision.FaceDetectorOptions(
            base_options=base.BaseOptions(model_asset_buffer=net), running_mode=vision.RunningMode.IMAGE
        )
        with _quiet():
            self._task = _create(vision.FaceDetector, options, model)
        self._calls = 0
        self._last: tuple[NDArray[np.uint8], int, list[float]] | None = None

    def scores(self, image: NDArray[np.uint8], t_ms: int | None = None) -> list[float]:
        """How sure it is of each face that it sees in `image`, 0.5 to 1.

        Whoever asks again about the same frame, of that time, gets the answer that is there.
        """
        if self._last is not None and self._last[0] is image and self._last[1] == t_ms:
            return self._last[2]
        scores = self._look(image)
        if t_ms is not None:
            self._last = image, t_ms, scores
        return scores

    def _look(self, image: NDArray[np.uint8]) -> list[float]:
        prepared, _ = prepare(image)
        if prepared is None:
            return []
        self._calls += 1
        with _quiet() if self._calls <= QUIET_CALLS else nullcontext():
            found = self._task.detect(_wrap(prepared)).detections
        return [float(face.categories[0].score) for face in found]

    def close(self) -> None:
        with _quiet():
            self._task.close()


def prepare(image: NDArray[np.uint8]) -> tuple[NDArray[np.uint8] | None, NDArray[np.float32]]:
    """The frame as MediaPipe can take it, or None where it is too small for a face, and what landmarks are scaled by.

    MediaPipe reads raw memory: rows with padding (as decoders give for unaligned widths) shear the picture and it
    silently finds no face, so the result is always contiguous. Raises InputError for anything but uint8 RGB.
    """
    one = np.ones(3, np.float32)
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise InputError(f"a video frame is {image.shape} {image.dtype}; the face node takes uint8 RGB (h, w, 3)")
    height, width = image.shape[:2]
    if min(height, width) < MIN_SIDE:
        return None, one
    factor = -(-max(height, width) // MAX_SIDE)
    if factor == 1:
        return np.ascontiguousarray(image), one
    small = shrink(np.ascontiguousarray(image), factor)
    if min(small.shape[:2]) < MIN_SIDE:
        return None, one
    x, y = small.shape[1] * factor / width, small.shape[0] * factor / height
    return small, np.array([x, y, x], np.float32)


def _wrap(image: NDArray[np.uint8]) -> Any:
    import mediapipe

    return mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=image)


def _mediapipe(model: Path) -> tuple[Any, Any]:
    """MediaPipe's vision tasks and options."""
    require_closed_door()
    if not model.is_file():
        raise InputError(f"the face landmarker is not at {model}: {_REMEDY}")
    return load_mediapipe()


def load_mediapipe() -> tuple[Any, Any]:
    """MediaPipe's vision tasks and options, loaded only here and only behind a closed door."""
    require_closed_door()
    with later(*_UNASKED):
        from mediapipe.tasks.python import vision
        from mediapipe.tasks.python.core import base_options

    return vision, base_options


def _create(task: Any, options: Any, model: Path) -> Any:
    try:
        return task.create_from_options(options)
    except (RuntimeError, ValueError) as error:
        raise InputError(
            f"MediaPipe rejects {model} ({error}): run `liveaffect models pull face-landmarker`"
        ) from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Holds back what MediaPipe writes to file descriptor 2, then lets through all but its known chatter."""
    if sys.stderr is not None:
        sys.stderr.flush()
    saved = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(saved, 2)
            os.close(saved)
            held.seek(0)
            for line in held:
                if not _CHATTER.match(line):
                    os.write(2, line)
