"""Messages as bytes and as JSON."""

import contextlib
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from liveaffect.stream import messages as m
from liveaffect.stream.errors import TransportError
from liveaffect.stream.topics import AFFECT, FACE, HEALTH, MARKER, MESH, PLAYBACK, VIDEO, Topic
from liveaffect.stream.wire import decode, encode, from_json, to_json


def _sent(topic: Topic[Any], message: Any) -> Any:
    return decode([bytes(frame) for frame in encode(topic, message)])[1]


def test_an_image_comes_back_equal_and_read_only() -> None:
    image = np.random.default_rng(0).integers(0, 255, (360, 361, 3), np.uint8)
    back = _sent(VIDEO, m.VideoFrame(t_ns=7, image=image, frame_index=3))
    assert np.array_equal(back.image, image)
    assert back.frame_index == 3
    with pytest.raises(ValueError, match="read-only"):
        back.image[0, 0, 0] = 1


def test_an_array_that_is_not_contiguous_is_refused_by_name() -> None:
    image = np.zeros((10, 12, 3), np.uint8)[:, ::2]
    with pytest.raises(ValueError, match="video/frame is not C-contiguous"):
        encode(VIDEO, m.VideoFrame(t_ns=0, image=image))


def test_an_empty_array_keeps_its_shape() -> None:
    back = _sent(MESH, m.FaceMesh(t_ns=0, frame_seq=0, landmarks=np.zeros((0, 478, 3), np.float32)))
    assert back.landmarks.shape == (0, 478, 3)


@given(st.binary(max_size=200), st.binary(max_size=50))
def test_bytes_from_outside_never_raise_anything_but_a_transport_error(header: bytes, array: bytes) -> None:
    for name in (b"video/frame", b"affect", b"nonsense", b"\xff"):
        with contextlib.suppress(TransportError):
            decode([name, header, array])


@pytest.mark.parametrize(
    "array",
    [
        {"array": 5, "dtype": "|u1", "shape": [1]},
        {"array": -9, "dtype": "|u1", "shape": [1]},
        {"array": 0, "dtype": "|O", "shape": [1]},
        {"array": 0, "dtype": "nonsense", "shape": [1]},
        {"array": 0, "dtype": "|u1", "shape": [1 << 40]},
        {"array": 0, "dtype": "|u1", "shape": [-1, -1]},
        {"array": 0},
        [1, 2],
    ],
)
def test_a_lying_array_header_is_refused(array: object) -> None:
    header = msgspec.msgpack.encode({"t_ns": 1, "image": array})
    with pytest.raises(TransportError, match="video/frame"):
        decode([b"video/frame", header, b"1234"])


def test_an_old_recording_without_new_fields_still_loads() -> None:
    message = from_json(FACE, b'{"t_ns": 5, "frame_seq": 2, "faces": [{"id": 1, "state": "ok"}], "unknown_field": 1}')
    assert isinstance(message, m.FaceObservation)
    assert message.faces[0].au is None


def test_json_gives_back_every_bit_of_a_number() -> None:
    person = m.Person(id=1, state="ok", valence=0.1 + 0.2, emotions=(1 / 3, 2 / 3, 0.0, 0.0, 0.0, 0.0, 0.0, 1e-300))
    affect = m.Affect(t_ns=2**60 + 1, people=(person,))
    back = from_json(AFFECT, to_json(affect, arrays=False))
    assert to_json(back, arrays=False) == to_json(affect, arrays=False)
    assert back.t_ns == 2**60 + 1


def test_json_keeps_arrays_only_where_asked() -> None:
    mesh = m.FaceMesh(t_ns=0, frame_seq=0, landmarks=np.arange(6, dtype=np.float32).reshape(1, 2, 3))
    with_arrays = from_json(MESH, to_json(mesh, arrays=True))
    without = from_json(MESH, to_json(mesh, arrays=False))
    assert isinstance(with_arrays, m.FaceMesh)
    assert isinstance(without, m.FaceMesh)
    assert with_arrays.landmarks is not None
    assert with_arrays.landmarks.shape == (1, 2, 3)
    assert without.landmarks is None


@pytest.mark.parametrize("odd", [float("nan"), -float("nan"), float("inf"), -float("inf"), np.float32("nan")])
def test_e26_what_is_no_number_travels_as_missing_never_as_nan(odd: Any) -> None:
    health = m.Health(t_ns=1, node="a", process="b", state="ok", rate_hz=odd, info={"x": [1.5, odd], "y": 2.0})
    back = _sent(HEALTH, health)
    assert back.rate_hz is None
    assert back.info == {"x": [1.5, None], "y": 2.0}
    with pytest.raises(TransportError, match="malformed"):
        _sent(PLAYBACK, m.Playback(t_ns=1, position_s=odd, length_s=1.0))


def test_bytes_that_only_look_like_nan_stay_as_they_are() -> None:
    label = "\x7f\u00f8"
    marker = m.Marker(t_ns=0x7FF8000000000000, label=label, source="\u02ff\u02f8")
    back = _sent(MARKER, marker)
    assert (back.t_ns, back.label, back.source) == (marker.t_ns, label, marker.source)


@pytest.mark.parametrize(
    "status",
    [
        m.RecordStatus(recording=True, privacy=True, session="/data/p01", since_ns=5, free_mb=1000),
        m.BaselineStatus(in_force=m.Baseline(t_ns=1, state="done", face_id=2, au={"au12": 0.5})),
        m.ReplayStatus(length_s=9.5, markers=((2.0, "here"),), missing=((4.0, 6.0, "no_face"),)),
    ],
)
def test_what_a_node_is_at_comes_back_on_the_wire_and_from_a_recording(status: m.Status) -> None:
    health = m.Health(t_ns=1, node="a", process="b", state="ok", status=status)
    for back in (decode(encode(HEALTH, health))[1], from_json(HEALTH, to_json(health, arrays=False))):
        assert isinstance(back, m.Health)
        assert type(back.status) is type(status)
        assert msgspec.to_builtins(back) == msgspec.to_builtins(health)
