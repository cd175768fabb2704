"""Draws pictures with eyes of known direction, and keeps what MediaPipe makes of them.

    python -m training.gaze.truth OUT.npz [--draws 24] [--people 72]

Portraits are those of `benchmarks/bench_room.py`. Each draw has a direction of the eyes, a turn of the head, a width of
the face in pixels (30 to 300), noise and JPEG, and lies somewhere in a 1920x1080 picture; a quarter have their lids
closed by some way. Middles of rotation differ from person to person as much as those of real people seem to.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

from liveaffect.nodes.face.privacy import close_door

close_door()

import cv2  # noqa: E402
import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

from liveaffect.models import registry  # noqa: E402
from liveaffect.models.face.geometry import pose_degrees, rotation  # noqa: E402
from liveaffect.nodes.face.closeups import ROOMS, Closeups  # noqa: E402
from training.gaze.eyes import EYE_MM, FLIP, INNER, IRIS_MM, OUTER, Looks, Portrait, make, towards  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))
from bench_room import portraits, spoiled  # type: ignore[import-not-found]  # noqa: E402

SIDE, MARGIN = 512, 64
FRAME = (1920, 1080)
PLACE_MM = (1.0, -1.9, 7.8)
"""Middle of rotation from the middle of the eye's corners: outwards, down, back. So stand the irises of 1,800 portraits
whose subjects look at the camera with the head turned up to 30 degrees."""
SPREAD_MM = (0.6, 0.5, 0.7)
JUDGES = {str(number) for number in range(2, 12)}
"""JAFFE's women among the portraits of `benchmarks/bench_room.py`: nothing is fitted on them."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--draws", type=int, default=24)
    parser.add_argument("--people", type=int, default=72)
    asked = parser.parse_args()
    crops = Closeups(registry.path("face-landmarker"))
    rows: list[dict[str, NDArray[Any]]] = []
    tried = 0
    for person, portrait in enumerate(suited(crops, asked.people)):
        rng = np.random.default_rng(person)
        place = middles(rng)
        for _ in range(asked.draws):
            tried += 1
            row = draw(crops, portrait, place, rng)
            if row is not None:
                rows.append({"person": np.array(person), "judge": np.array(portrait.name in JUDGES), **row})
    told: dict[str, Any] = {key: np.stack([row[key] for row in rows]) for key in rows[0]}
    np.savez(asked.out, **told, tried=np.array(tried), size=np.array(FRAME))
    print(f"{len(rows)} of {tried} draws, {len({int(row['person']) for row in rows})} people")
    crops.close()


def suited(crops: Closeups, count: int) -> list[Portrait]:
    """Portraits that face the camera with open eyes."""
    found: list[Portrait] = []
    for number, picture in enumerate(portraits(count)):
        big = cv2.resize(np.ascontiguousarray(picture), (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
        image = np.asarray(cv2.copyMakeBorder(big, MARGIN, MARGIN, MARGIN, MARGIN, cv2.BORDER_REPLICATE), np.uint8)
        side = SIDE + 2 * MARGIN
        face = crops.measure(image, np.full(2, side / 2), side / ROOMS[0])
        if face is None:
            continue
        points = face.landmarks.astype(np.float64) * side
        yaw, pitch, roll = pose_degrees(face.pose)
        gaps = [np.linalg.norm(points[a] - points[b]) for a, b in ((159, 145), (386, 374))]
        widths = [np.linalg.norm(points[OUTER[e]] - points[INNER[e]]) for e in (0, 1)]
        if abs(yaw) < 15 and abs(pitch) < 15 and abs(roll) < 20 and min(gaps) > 0.2 * max(widths):
            found.append(Portrait(str(number), image, points, face.pose))
    return found


def middles(rng: np.random.Generator) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where one person's eyes turn about, right eye and left."""
    own = rng.normal(PLACE_MM, SPREAD_MM)
    return own * (-1, 1, 1), own.copy()


def draw(
    crops: Closeups,
    portrait: Portrait,
    place: tuple[NDArray[np.float64], NDArray[np.float64]],
    rng: np.random.Generator,
    width: float | None = None,
    looks: tuple[tuple[float, float], tuple[float, float]] | None = None,
) -> dict[str, NDArray[Any]] | None:
    """One picture, measured; None where no face was found in it. `looks` are a gaze and a turn of the head that are not
    drawn, with open eyes."""
    own = pose_degrees(portrait.pose)
    if looks is None:
        turn = (rng.uniform(-30, 30) - own[0], rng.uniform(-15, 15) - own[1])
        gaze = (0.0, 0.0) if rng.random() < 0.1 else (rng.uniform(-30, 30), rng.uniform(-20, 20))
        shut = rng.uniform(0, 1) if rng.random() < 0.25 else 1.0
    else:
        gaze, (yaw, pitch) = looks
        turn, shut = (yaw - own[0], pitch - own[1]), 1.0
    width = float(np.exp(rng.uniform(np.log(30), np.log(300)))) if width is None else width
    made = make(portrait, Looks(gaze, turn, shut, place))
    scale = width / float(np.ptp(portrait.points[:, 0]))
    small = cv2.resize(
        made.image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    )
    small = spoiled(np.asarray(small, np.uint8), rng)
    frame = np.full((FRAME[1], FRAME[0], 3), 120, np.uint8)
    h, w = min(small.shape[0], FRAME[1]), min(small.shape[1], FRAME[0])
    left, top = rng.integers(0, FRAME[0] - w + 1), rng.integers(0, FRAME[1] - h + 1)
    frame[top : top + h, left : left + w] = small[:h, :w]
    middle = (made.turned[:468, :2].min(0) + made.turned[:468, :2].max(0)) / 2 * scale + (left, top)
    middle = middle + rng.normal(0, 0.03, 2) * width
    face = crops.measure(frame, middle, 1.25 * width * rng.uniform(0.9, 1.1))
    if face is None:
        return None
    eyes = [float(np.linalg.norm(portrait.points[OUTER[e]] - portrait.points[INNER[e]])) for e in (0, 1)]
    head = FLIP @ rotation(made.pose) @ FLIP
    return {
        "landmarks": face.landmarks, "found_pose": face.pose, "blendshapes": face.blendshapes, "pose": made.pose,
        "gaze": np.array(gaze), "inside": head.T @ towards(*gaze), "turn": np.array(pose_degrees(made.pose)[:2]),
        "width": np.array(width), "shut": np.array(shut), "gap": np.array(made.gap),
        "iris_px": np.array([eye * scale * IRIS_MM / EYE_MM for eye in eyes]),
        "irises": made.turned[[468, 473], :2] * scale + (left, top),
    }  # fmt: skip


if __name__ == "__main__":
    main()
