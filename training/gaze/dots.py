"""What a calibration of the gaze by looks at dots brings, on eyes painted into portraits (`training/gaze/eyes.py`).

    python -m training.gaze.dots [--people 57]       # some seconds a person

Each person looks at nine dots as a laptop's screen shows them (34.5 by 19.4 cm, 60 cm away, camera above it) with the
head towards the camera and 2 degrees of unrest, and at as many places between and beside them; then at places with the
head turned by some 12 degrees. Calibrated on five and on nine dots; median and 90th percentile of the error in degrees
of the other looks, before and after, and the share that the 90 % intervals hold. Prints and writes
out/gaze_dots.json.
"""

import argparse
import json
from collections import Counter
from typing import Any

import numpy as np

from liveaffect.models import registry
from liveaffect.models.attention.directions import Place, toward
from liveaffect.models.errors import BadInput
from liveaffect.models.face.eyes import gaze as model
from liveaffect.models.face.eyes.looks import Dot, Look, apply, calibrated
from liveaffect.models.face.geometry import pose_degrees
from liveaffect.nodes.face.closeups import Closeups
from training.gaze.eyes import Portrait
from training.gaze.truth import FRAME, ROOT, draw, middles, suited

NORMAL_90 = 1.645
SCREEN_CM, LENS_CM, AWAY_M = (34.5, 19.4), 1.0, 0.6
SHARES = (0.5, 0.08, 0.92)
UNREST_DEG, TURNED_DEG, WIDTH_PX = 2.0, 12.0, 150.0
FRAMES = 10
"""One picture stands for so many frames of a dot: they differ by the noise of the camera alone."""
FIVE = (0, 4, 5, 7, 8)
"""The middle and the corners among the nine."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=57)
    asked = parser.parse_args()
    crops = Closeups(registry.path("face-landmarker"))
    found: dict[str, list[Any]] = {}
    refused: dict[str, Counter[str]] = {"5": Counter(), "9": Counter()}
    people = suited(crops, asked.people)
    for person, portrait in enumerate(people):
        one = Person(crops, portrait, person)
        dots = [(known, one.look(known, 0.0)) for known in nine()]
        others = [
            (known, one.look(known, turn), name)
            for name, turn in (("head as before", 0.0), ("head turned", TURNED_DEG))
            for known in zip(one.rng.uniform(-20, 20, 8).tolist(), one.rng.uniform(-2, 20, 8).tolist(), strict=True)
        ]
        for count, which in (("5", FIVE), ("9", range(9))):
            try:
                fit = calibrated([_dot(*dots[k]) for k in which])
            except BadInput as error:
                refused[count][str(error).partition(":")[0]] += 1
                continue
            for known, look, name in others:
                if look is not None:
                    after = apply(fit, look)
                    found.setdefault(f"{count} dots, {name}", []).append((*known, *look.told, *look.sd, *after))
    crops.close()
    told: dict[str, Any] = {"people": len(people), "refused": refused}
    print(f"{len(people)} people; refused: { ({k: dict(v) for k, v in refused.items()}) }")
    for name, rows in found.items():
        told[name] = judged(np.array(rows, np.float64))
        print(f"{name}, {len(rows)} looks: {told[name]}")
    (ROOT / "out").mkdir(exist_ok=True)
    (ROOT / "out" / "gaze_dots.json").write_text(json.dumps(told, indent=1), encoding="utf-8")


class Person:
    """Somebody who looks where they are asked to."""

    def __init__(self, crops: Closeups, portrait: Portrait, number: int) -> None:
        self._crops, self._portrait, self.rng = crops, portrait, np.random.default_rng(number)
        self._place = middles(self.rng)

    def look(self, known: tuple[float, float], turn_deg: float) -> Look | None:
        """A look in a known direction, with the head turned to one side; None where no gaze was told."""
        yaw, pitch = self.rng.normal(0, UNREST_DEG, 2)
        turn = float(yaw + turn_deg * self.rng.choice((-1, 1))), float(pitch)
        row = draw(self._crops, self._portrait, self._place, self.rng, WIDTH_PX, (known, turn))
        told = None if row is None else model.gaze(row["landmarks"], row["found_pose"], FRAME)
        if row is None or told is None or told.gaze_yaw_deg is None or told.gaze_pitch_deg is None:
            return None
        head = pose_degrees(row["found_pose"])
        sd = told.gaze_sd_deg or 0.0, told.gaze_pitch_sd_deg or 0.0
        return Look((told.gaze_yaw_deg, told.gaze_pitch_deg), sd, (float(head[0]), float(head[1])))


def nine() -> list[tuple[float, float]]:
    """Directions of the dots, the middle first."""
    place = Place(0.0, 0.0, AWAY_M, 0.0)
    points = [((0.5 - x) * SCREEN_CM[0] / 100, (LENS_CM + y * SCREEN_CM[1]) / 100, 0.0) for x in SHARES for y in SHARES]
    return [toward(place, point) for point in points]


def _dot(known: tuple[float, float], look: Look | None) -> Dot:
    return Dot(known, [] if look is None else [look] * FRAMES, FRAMES)


def judged(rows: "np.ndarray[Any, np.dtype[np.float64]]") -> dict[str, Any]:
    """Errors before and after, of yaw and of pitch; rows are known, told, its deviations, corrected, its deviations."""
    found: dict[str, Any] = {}
    for name, at in (("before", 2), ("after", 6)):
        off = np.abs(rows[:, at : at + 2] - rows[:, :2])
        found[name] = {
            "median": np.median(off, axis=0).round(1).tolist(),
            "p90": np.percentile(off, 90, axis=0).round(1).tolist(),
            "held": (off < NORMAL_90 * rows[:, at + 2 : at + 4]).mean(axis=0).round(2).tolist(),
            "rms": round(float(np.sqrt((off**2).sum(axis=1).mean())), 1),
        }
    return found


if __name__ == "__main__":
    main()
