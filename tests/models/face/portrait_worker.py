"""Warps two public-domain portraits unit by unit and writes their action units as JSON. Not a test by itself.

A warp moves the pixels around face landmarks by Gaussian displacements, as a muscle moves skin: `level` is the largest
displacement as a share of the face's height. MediaPipe reports usage, so it runs here, behind a closed door.
"""

import json
import sys
from pathlib import Path
from typing import Any

from liveaffect.nodes.face import privacy

privacy.close_door()

import matplotlib  # noqa: E402
import matplotlib.image  # noqa: E402
import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

from liveaffect.models import registry  # noqa: E402
from liveaffect.models.face.action_units import ACTION_UNITS, action_units  # noqa: E402
from liveaffect.nodes.face.landmarker import Found, Landmarker  # noqa: E402

LEVELS = (0.015, 0.03, 0.045)
PASSES = 5
# fmt: off
# unit: portrait, width of the Gaussians (share of the face's height), moves (point, its mirror, outwards, down), pins
SCHEDULE: dict[str, tuple[str, float, list[tuple[int, int, float, float]], tuple[int, ...]]] = {
    "AU01": ("smiling", 0.05, [(107, 336, 0, -1), (55, 285, 0, -1)], (70, 300)),
    "AU02": ("smiling", 0.045, [(70, 300, 0, -1), (63, 293, 0, -1), (105, 334, 0, -.6)], (159, 386, 145, 374, 55, 285)),
    "AU04": ("smiling", 0.05, [(107, 336, -.7, 1.3), (55, 285, -.7, 1.3), (105, 334, -.4, 1)], (145, 374)),
    "AU05": ("smiling", 0.03, [(159, 386, 0, -.5), (158, 385, 0, -.5), (160, 387, 0, -.5)],
             (145, 374, 107, 336, 105, 334)),
    "AU06": ("smiling", 0.05, [(118, 347, 0, -1), (101, 330, 0, -1), (119, 348, 0, -1), (50, 280, 0, -1)], (159, 386)),
    "AU07": ("smiling", 0.02, [(145, 374, 0, -.5), (144, 373, 0, -.5), (153, 380, 0, -.5)], (159, 386)),
    "AU09": ("smiling", 0.045, [(129, 358, 0, -1), (98, 327, 0, -.8), (48, 278, 0, -1), (4, 4, 0, -.6),
                                (55, 285, -.2, .6)], (159, 386, 145, 374, 33, 263, 133, 362, 0, 37, 267)),
    "AU10": ("calm", 0.045, [(37, 267, 0, -1), (39, 269, 0, -1), (0, 0, 0, -1)], (17, 84, 314)),
    "AU12": ("calm", 0.05, [(61, 291, .5, -1)], ()),
    "AU15": ("calm", 0.05, [(61, 291, .2, 1.3)], (13,)),
    "AU17": ("calm", 0.045, [(17, 17, 0, -.7), (84, 314, 0, -.7), (199, 199, 0, -.7)], (13,)),
    "AU18": ("calm", 0.05, [(61, 291, -1, 0)], ()),
    "AU20": ("calm", 0.05, [(61, 291, 1, 0)], ()),
    "AU22": ("calm", 0.045, [(61, 291, -.7, 0), (37, 267, 0, -.5), (84, 314, 0, .5)], ()),
    "AU24": ("calm", 0.03, [(0, 0, 0, .4), (37, 267, 0, .4), (39, 269, 0, .35), (17, 17, 0, -.45), (84, 314, 0, -.45),
                            (181, 405, 0, -.4)], (13,)),
    "AU25": ("smiling", 0.045, [(17, 17, 0, 1), (14, 14, 0, 1), (84, 314, 0, 1)], (0,)),
    "AU26": ("smiling", 0.06, [(17, 17, 0, 1), (14, 14, 0, 1), (152, 152, 0, 1.3), (199, 199, 0, 1.3),
                               (172, 397, 0, .9)], (0,)),
}
# fmt: on


def main() -> None:
    landmarker = Landmarker(registry.path("face-landmarker"), 1)
    clock = iter(range(0, 1 << 30, 33))
    portraits = photographs()
    said: dict[str, Any] = {"names": list(ACTION_UNITS), "units": {}}
    for name, image in portraits.items():
        height, width = image.shape[:2]
        calm = settle(landmarker, image, clock)
        before = action_units(calm.blendshapes, calm.landmarks, width, height)
        said[f"rest {name}"] = before.tolist()
        for unit, (portrait, *_) in SCHEDULE.items():
            if portrait == name:
                faces = [settle(landmarker, warp(image, calm, unit, level), clock) for level in LEVELS]
                after = [action_units(f.blendshapes, f.landmarks, width, height) - before for f in faces]
                said["units"][unit] = [rise.tolist() for rise in after]
    landmarker.close()
    Path(sys.argv[1]).write_text(json.dumps(said))


def photographs() -> dict[str, NDArray[np.uint8]]:
    """Both in the public domain: matplotlib's is near neutral, scikit-image's, if it is installed, a toothy smile."""
    hopper = matplotlib.image.imread(Path(matplotlib.get_data_path(), "sample_data", "grace_hopper.jpg"))
    found = {"calm": np.ascontiguousarray(hopper[..., :3])}
    try:
        from skimage import data
    except ImportError:
        return found
    return {**found, "smiling": np.ascontiguousarray(data.astronaut())}


def settle(landmarker: Landmarker, image: NDArray[np.uint8], clock: Any) -> Found:
    """The face after some passes; a blank frame then makes the tracker forget it."""
    faces: list[Found] = []
    for _ in range(PASSES):
        faces = landmarker.find(image, next(clock))
    landmarker.find(np.zeros_like(image), next(clock))
    (face,) = faces
    return face


def warp(image: NDArray[np.uint8], face: Found, unit: str, level: float) -> NDArray[np.uint8]:
    """The image as this unit would change it, by bilinear sampling at blended displacements."""
    height, width = image.shape[:2]
    _, spread, moves, pins = SCHEDULE[unit]
    points = face.landmarks[:, :2] * np.array([width, height], np.float32)
    tall = float(np.linalg.norm(points[10] - points[152]))
    out = points[263] - points[33]
    out /= np.linalg.norm(out)
    down = np.array([-out[1], out[0]])
    where, shift = [points[p] for p in pins], [np.zeros(2) for _ in pins]
    for right, left, outwards, downwards in moves:
        for point, sign in {right: -1 if left != right else 0, left: int(left != right)}.items():
            where.append(points[point])
            shift.append((sign * outwards * out + downwards * down) * level * tall)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    total, nearest, dx, dy = (np.zeros((height, width), np.float32) for _ in range(4))
    for (px, py), (sx, sy) in zip(where, shift, strict=True):
        bell = np.exp(-((x - px - sx) ** 2 + (y - py - sy) ** 2) / (2 * (spread * tall) ** 2))
        total, nearest, dx, dy = total + bell, np.maximum(nearest, bell), dx + bell * sx, dy + bell * sy
    share = nearest / np.maximum(total, 1e-6)
    return sample(image, x - dx * share, y - dy * share)


def sample(image: NDArray[np.uint8], x: NDArray[np.float32], y: NDArray[np.float32]) -> NDArray[np.uint8]:
    height, width = image.shape[:2]
    x, y = np.clip(x, 0, width - 1.001), np.clip(y, 0, height - 1.001)
    x0, y0 = x.astype(int), y.astype(int)
    fx, fy = (x - x0)[..., None], (y - y0)[..., None]
    above = image[y0, x0] * (1 - fx) + image[y0, x0 + 1] * fx
    below = image[y0 + 1, x0] * (1 - fx) + image[y0 + 1, x0 + 1] * fx
    return np.round(above * (1 - fy) + below * fy).astype(np.uint8)


if __name__ == "__main__":
    main()
