"""Films of people far from the camera, and of more than two. Not a test by itself.

Called as `python room_worker.py OUT`; writes, per film, the rows of each frame: id, state, box, reason.
"""

import sys
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from liveaffect.nodes.face import privacy

privacy.close_door()

import cv2  # noqa: E402
import matplotlib  # noqa: E402
import msgspec  # noqa: E402
import numpy as np  # noqa: E402
import skimage  # noqa: E402
from numpy.typing import NDArray  # noqa: E402
from PIL import Image  # noqa: E402

from liveaffect.nodes.face import FaceNode, far  # noqa: E402
from liveaffect.stream.lockstep import run_nodes  # noqa: E402
from liveaffect.stream.messages import FaceMesh, FaceObservation, VideoFrame  # noqa: E402

RATE = 10
Picture = NDArray[np.uint8]
HOPPER = Path(matplotlib.get_data_path(), "sample_data", "grace_hopper.jpg")
ASTRONAUT = Path(skimage.__file__).parent / "data" / "astronaut.png"


def main() -> None:
    a, b = portrait(HOPPER, (60, 0, 450, 390)), portrait(ASTRONAUT, (80, 0, 380, 300))
    one = scene({(900, 300): (a, 110)})
    said: dict[str, Any] = {}
    said["far"] = run([one] * 16)
    said["again"] = run([one] * 16, beside=False)
    said["without"] = run([one] * 8, far=False)
    said["walk"] = run([scene({(200 + 12 * i, 260): (b, 120)}) for i in range(18)])
    people = {(40 + 205 * i, 120 + 190 * (i % 2)): (a if i % 2 else b, 150) for i in range(6)}
    said["six"] = run([scene(people)] * 26, per_second=30)
    said["limit"] = run([scene(people)] * 16, max_faces=3, per_second=0)
    said["still"] = run([one], still=True)
    said["large"] = truth(a)
    said["empty"] = run([np.roll(scene({}), 7 * i, 1) for i in range(10)])
    Path(sys.argv[1]).write_bytes(msgspec.json.encode(said))


def run(film: list[Picture], *, still: bool = False, beside: bool = True, **settings: Any) -> dict[str, Any]:
    class AtOnce:
        """Answers before it is asked again: as on a machine that is never busy."""

        def __init__(self, *_: object) -> None: ...

        def submit(self, work: Any, *arguments: Any) -> "Future[Any]":
            future: Future[Any] = Future()
            future.set_result(work(*arguments))
            return future

        def shutdown(self, **_: object) -> None: ...

    kept = far.ThreadPoolExecutor
    if not beside:
        far.ThreadPoolExecutor = AtOnce  # type: ignore[misc,assignment]
    frames = [VideoFrame(t_ns=round(i * 1e9 / RATE), seq=i, image=image, still=still) for i, image in enumerate(film)]
    node = FaceNode(**settings)
    said = run_nodes(node, inputs=frames)
    far.ThreadPoolExecutor = kept  # type: ignore[misc]
    rows = [one for one in said if isinstance(one, FaceObservation)]
    meshes = [one.landmarks[0].tolist() for one in said if isinstance(one, FaceMesh) and one.landmarks is not None]
    return {
        "frames": [[[f.id, f.state, f.box, f.reason] for f in one.faces] for one in rows],
        "numbers": [[f.blendshapes for f in one.faces] for one in rows],
        "pose": [[[f.yaw_deg, f.pitch_deg] for f in one.faces] for one in rows],
        "unmeasured": [one.unmeasured for one in rows],
        "mesh": meshes[-1:],
    }


def truth(picture: Picture) -> dict[str, Any]:
    """The same portrait large: landmarks as fractions of it."""
    big = cv2.resize(picture, (600, 600), interpolation=cv2.INTER_CUBIC)
    return run([np.asarray(big, np.uint8)], still=True)


def scene(who: dict[tuple[int, int], tuple[Picture, int]]) -> Picture:
    """Portraits of so many pixels in a room of bars and a gradient."""
    frame = np.full((720, 1280, 3), 90, np.uint8)
    frame += (np.arange(1280) // 16 % 64).astype(np.uint8)[None, :, None]
    frame[500:, 300:420] = (60, 40, 30)
    frame[:, 1200:1215] = 200
    for (x, y), (picture, side) in who.items():
        frame[y : y + side, x : x + side] = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)
    return frame


def portrait(file: Path, box: tuple[int, int, int, int]) -> Picture:
    with Image.open(file) as picture:
        return np.asarray(picture.convert("RGB").crop(box))


if __name__ == "__main__":
    main()
