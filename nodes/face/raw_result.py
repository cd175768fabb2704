"""Reads MediaPipe's landmark result straight from its C structs.

The public call builds 478 Python objects per face, a tenth of the whole cost of a frame. The structs are MediaPipe's
own ctypes classes, so their layout is always the installed one's; where a release no longer has them, `reader` gives
None and the public call is used. A test holds the two against each other.
"""

import ctypes
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Read = Callable[[Any, int], list[tuple[Floats, Floats, Floats]]]


def reader(task: Any, remembers: bool = True) -> Read | None:
    """A function (image, t_ms) -> [(landmarks (478, 3), blendshapes (52,), pose (4, 4))] for a FaceLandmarker, one of
    mode VIDEO where it `remembers`, else of mode IMAGE."""
    try:
        from mediapipe.tasks.python.components.containers import category_c, landmark_c
        from mediapipe.tasks.python.vision.face_landmarker import MpFaceLandmarkerResultC

        points = _fields(landmark_c.MpNormalizedLandmarkC, "x", "y", "z")
        scores = _fields(category_c.MpCategoryC, "score")
        detect, single = task._lib.MpFaceLandmarkerDetectForVideo, task._lib.MpFaceLandmarkerDetectImage
        free = task._lib.MpFaceLandmarkerCloseResult
        handle = task._handle
    except (ImportError, AttributeError):
        return None

    def read(image: Any, t_ms: int) -> list[tuple[Floats, Floats, Floats]]:
        result = MpFaceLandmarkerResultC()
        if remembers:
            detect(handle, image._image_ptr, None, t_ms, ctypes.byref(result))
        else:
            single(handle, image._image_ptr, None, ctypes.byref(result))
        try:
            return [_face(result, i, points, scores) for i in range(result.face_landmarks_count)]
        finally:
            free(ctypes.byref(result))

    return read


def _face(result: Any, i: int, points: np.dtype[Any], scores: np.dtype[Any]) -> tuple[Floats, Floats, Floats]:
    marks, shapes = result.face_landmarks[i], result.face_blendshapes[i]
    table = _rows(marks.landmarks, marks.landmarks_count, points)
    landmarks = np.stack([table["x"], table["y"], table["z"]], axis=1)
    blendshapes = _rows(shapes.categories, shapes.categories_count, scores)["score"].copy()
    pose = np.ascontiguousarray(result.facial_transformation_matrixes[i].to_numpy(), np.float32)
    return landmarks, blendshapes, pose


def _rows(pointer: Any, count: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    """The `count` structs behind a ctypes pointer, as a view that lives no longer than they do."""
    memory = (ctypes.c_char * (count * dtype.itemsize)).from_address(ctypes.addressof(pointer.contents))
    return np.frombuffer(memoryview(memory), dtype, count)


def _fields(struct: Any, *names: str) -> np.dtype[Any]:
    """A dtype of these float32 members of a ctypes struct, at its own offsets."""
    offsets = [getattr(struct, name).offset for name in names]
    shape: Any = {"names": names, "formats": ["<f4"] * len(names), "offsets": offsets}
    shape["itemsize"] = ctypes.sizeof(struct)
    return np.dtype(shape)
