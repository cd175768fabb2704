"""Landmarks of the portraits in a folder of zipped JPEGs: people of whom most look into the camera.

    python -m training.gaze.portraits PORTRAITS.zip OUT.npz [--every 5]

For `training.gaze.fit` UTKFace's adults (every fifth); JAFFE's ten women, who all look at the lens, judge the result.
"""

import argparse
import zipfile
from pathlib import Path
from typing import Any

from liveaffect.nodes.face.privacy import close_door

close_door()

import cv2  # noqa: E402
import numpy as np  # noqa: E402

from liveaffect.models import registry  # noqa: E402
from liveaffect.nodes.face.landmarker import Landmarker  # noqa: E402

SIDE, MARGIN = 384, 48


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("portraits", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--every", type=int, default=1)
    asked = parser.parse_args()
    landmarker = Landmarker(registry.path("face-landmarker"), 1, remembers=False)
    found: list[Any] = []
    with zipfile.ZipFile(asked.portraits) as packed:
        names = sorted(name for name in packed.namelist() if name.endswith(".jpg"))[:: asked.every]
        for name in names:
            content = np.frombuffer(packed.read(name), np.uint8)
            image = np.asarray(cv2.imdecode(content, cv2.IMREAD_COLOR))[..., ::-1]
            big = cv2.resize(np.ascontiguousarray(image), (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
            big = cv2.copyMakeBorder(big, MARGIN, MARGIN, MARGIN, MARGIN, cv2.BORDER_REPLICATE)
            found += [(name, face) for face in landmarker.find(np.ascontiguousarray(big, np.uint8), 0)[:1]]
    landmarker.close()
    np.savez(
        asked.out, name=np.array([name for name, _ in found]), size=np.full(2, SIDE + 2 * MARGIN),
        landmarks=np.stack([face.landmarks for _, face in found]), pose=np.stack([face.pose for _, face in found]),
    )  # fmt: skip
    print(f"{len(found)} faces in {len(names)} pictures")


if __name__ == "__main__":
    main()
