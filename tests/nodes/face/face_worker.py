"""Runs the face node in a process of its own, as it must, and writes what it said as JSON. Not a test by itself.

Called as `python face_worker.py CLIPS OUT`; CLIPS may be "" where the clips are missing.
"""

import hashlib
import sys
from pathlib import Path
from typing import Any

from liveaffect.nodes.face import privacy

MEDIAPIPE_BEFORE = "mediapipe" in sys.modules
privacy.close_door()

import av  # noqa: E402
import matplotlib  # noqa: E402
import matplotlib.image  # noqa: E402
import msgspec  # noqa: E402
import numpy as np  # noqa: E402

from liveaffect.nodes.face import FaceNode  # noqa: E402
from liveaffect.nodes.face.landmarker import Landmarker  # noqa: E402
from liveaffect.stream.messages import FaceCrop, FaceMesh, FaceObservation, VideoFrame  # noqa: E402
from liveaffect.stream.node import messages_of  # noqa: E402

MS = 1_000_000
GRID = "grid_f_brbk7n.mpg"
TWO = "intel_head-pose-face-detection-female-and-male.gif"
CLIPS = (
    GRID, TWO, "intel_head-pose-face-detection-male.gif", "pyfeat_face_noface.mov", "pyfeat_no_face_caminandes.mp4",
)  # fmt: skip


def main() -> None:
    clips, out = sys.argv[1], Path(sys.argv[2])
    results: dict[str, Any] = {"mediapipe_before": MEDIAPIPE_BEFORE}
    photo = portrait()
    results["stills"] = run([VideoFrame(t_ns=0, image=image, still=True) for image in (photo, blank(photo), photo)])
    results["sizes"] = sizes(photo)
    results["portrait"] = portrait_runs(photo)
    if clips:
        results["clips"] = {name: run(frames(Path(clips, name))) for name in CLIPS}
        results["again"] = {TWO: run(frames(Path(clips, TWO)))}
        results["alone"] = run(frames(Path(clips, TWO))[:20], max_faces=1)
        results["read_alike"] = read_alike(frames(Path(clips, TWO)))
    out.write_bytes(msgspec.json.encode(results))


def portrait_runs(photo: np.ndarray) -> dict[str, object]:
    """A photograph held before the camera: what happens around losses, gaps and odd times."""
    none = blank(photo)
    show = lambda pictures, **more: [  # noqa: E731
        VideoFrame(t_ns=i * 33 * MS, seq=i, image=image, **more) for i, image in enumerate(pictures)
    ]
    flicker = [photo] * 10 + [none] + [photo] * 8
    away = [photo] * 8 + [none] * 36 + [photo] * 8
    slow = show([photo] * 4 + [none] + [photo] * 3)
    for i, frame in enumerate(slow):
        frame.t_ns = i * 10_000 * MS
    overload = show([photo] * 6)
    for frame in overload:
        frame.t_ns, frame.seq = frame.t_ns * 100, frame.seq * 100
    pause = show([photo] * 16)
    for frame in pause[8:]:
        frame.t_ns += 5_000 * MS
    gap = show([photo] * 16)
    gap[8].gap = True
    back = show([photo] * 12)
    back[9].t_ns = back[8].t_ns
    back[10].t_ns = back[4].t_ns
    lost = show([photo] * 6)
    lost[5].image, lost[5].state = None, "no_device"
    strided = np.zeros((*photo.shape[:2], 4), np.uint8)
    strided[..., :3] = photo
    cut = np.ascontiguousarray(photo[:, : photo.shape[1] * 56 // 100])
    one, two = np.hstack([photo, none]), np.hstack([photo, photo[:, ::-1]])
    visit = [one] * 20 + [two] * 40 + [one] * 80
    return {
        "flicker": run(show(flicker)),
        "away": run(show(away)),
        "slow": run(slow),
        "overload": run(overload),
        "pause": run(pause),
        "gap": run(gap),
        "back": run(back),
        "no_device": run(lost),
        "strided": run(show([strided[..., :3]] * 6)),
        "contiguous": run(show([photo] * 6)),
        "dark": run(show([photo // 30] * 8)),
        "cut": run(show([cut] * 8)),
        "visit": run(show(visit)),
        "lying": run(show([np.ascontiguousarray(np.rot90(photo))] * 30)),
        "masked": run(show([photo] * 6 + [masked(photo)] * 6)),
    }


def sizes(photo: np.ndarray) -> dict[str, object]:
    """Frames no camera of today gives, and some that it does."""
    odd = np.pad(photo, ((0, 1), (0, 361 * 2 - photo.shape[1]), (0, 0)), mode="edge")
    huge = np.repeat(np.repeat(photo, 7, 0), 7, 1)
    huge = np.pad(huge, ((0, 4320 - huge.shape[0]), (0, 7680 - huge.shape[1]), (0, 0)), mode="edge")
    pictures = {
        "1x1": photo[:1, :1], "361 high": photo[:361, 80:], "722x601": odd, "portrait": photo[:, 120:400],
        "1 wide": photo[:, :1], "8k": huge,
    }  # fmt: skip
    return {name: run([VideoFrame(t_ns=i * 33 * MS, image=p) for i in range(6)]) for name, p in pictures.items()}


def run(feed: list[VideoFrame], max_faces: int = 2) -> dict[str, object]:
    """What the node says to these frames: observations, and a hash over every message of every topic."""
    node = FaceNode(max_faces=max_faces)
    node.open()
    observations, digest, meshes, crops = [], hashlib.sha256(), [], []
    try:
        for frame in feed:
            for message in messages_of(node.step(frame)):
                if isinstance(message, FaceObservation):
                    observations.append(message)
                    digest.update(msgspec.json.encode(message))
                elif isinstance(message, FaceMesh):
                    assert message.landmarks is not None
                    meshes.append((message.frame_seq, message.ids, message.landmarks.shape))
                    digest.update(message.landmarks.tobytes())
                elif isinstance(message, FaceCrop):
                    if message.crops is not None and message.geometry is not None:
                        digest.update(message.crops.tobytes() + message.geometry.tobytes())
                    crops.append((len(message.faces), message.crops is not None and len(message.crops), message.state))
        return {
            "observations": observations, "digest": digest.hexdigest(), "meshes": meshes, "crops": crops,
            "backwards": node.info()["frames_back_in_time"],
        }  # fmt: skip
    finally:
        node.close()


def read_alike(feed: list[VideoFrame]) -> bool:
    """Whether reading MediaPipe's structs gives what its public call gives, for two faces."""
    model = FaceNode()
    model.open()
    fast, public = Landmarker(model._model, 2), Landmarker(model._model, 2)
    model.close()
    assert fast._raw is not None
    public._raw = None
    try:
        for i, frame in enumerate(feed[:6]):
            assert frame.image is not None
            a, b = fast.find(frame.image, i * 40), public.find(frame.image, i * 40)
            if len(a) != 2 or len(b) != 2:
                return False
            pairs = [pair for x, y in zip(a, b, strict=True) for pair in zip(x, y, strict=True)]
            if not all(np.array_equal(u, v) and u.dtype == v.dtype for u, v in pairs):
                return False
        return True
    finally:
        fast.close()
        public.close()


def frames(path: Path) -> list[VideoFrame]:
    with av.open(str(path)) as container:
        return [
            VideoFrame(t_ns=round(float(frame.time or 0) * 1000) * MS, seq=i, image=frame.to_ndarray(format="rgb24"))
            for i, frame in enumerate(container.decode(video=0))
        ]


def portrait() -> np.ndarray:
    """A public-domain photograph that comes with matplotlib: one near-neutral face, 512 x 600."""
    file = Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg"
    return np.ascontiguousarray(matplotlib.image.imread(file)[..., :3])


def masked(photo: np.ndarray) -> np.ndarray:
    """The portrait with a plain mask over mouth and chin."""
    worn = photo.copy()
    worn[255:340, 200:345] = (170, 190, 200)
    return worn


def blank(like: np.ndarray) -> np.ndarray:
    return np.full_like(like, 96)


if __name__ == "__main__":
    main()
