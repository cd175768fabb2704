"""Step 9b: loose crops with real surroundings: frames of clips and two portraits, cut around the landmarks' face.

python -m training.face.looks.surroundings [--clips ../shared/clips] [--task ../shared/models/face_landmarker.task]

Prints how far the answer for a loose crop (no landmarks) is from that for the aligned one, cut again and as it comes.
"""

import argparse
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from liveaffect.models.face import affect as face_affect
from liveaffect.models.face import align
from liveaffect.models.face.affect import FaceAffectModel
from training.face.evaluate import WEIGHTS

# The landmarker reports usage to its maker unless this door is closed before it is created.
os.environ.update(HTTPS_PROXY="http://127.0.0.1:9", https_proxy="http://127.0.0.1:9", NO_PROXY="", no_proxy="")

SCALES = (1.0, 1.4, 2.0, 2.8)


def pictures(clips: Path) -> Iterator[np.ndarray]:
    """Two portraits that installed packages carry, and four frames of each clip, (h, w, 3) uint8 RGB."""
    import av
    import matplotlib
    from PIL import Image
    from skimage import data

    yield data.astronaut()
    hopper = Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg"
    yield np.asarray(Image.open(hopper).convert("RGB"))
    for path in sorted(clips.iterdir()):
        with av.open(str(path)) as container:
            frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
        for k in np.linspace(5, len(frames) - 5, 4).astype(int):
            yield np.ascontiguousarray(frames[k])


def main() -> None:
    import mediapipe as mp
    from mediapipe.tasks.python import BaseOptions, vision

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=Path, default=Path("../shared/clips"))
    parser.add_argument("--task", type=Path, default=Path("../shared/models/face_landmarker.task"))
    args = parser.parse_args()
    model, rng, faces = FaceAffectModel(WEIGHTS), np.random.default_rng(0), 0
    apart: dict[tuple[float, int], list[tuple[float, float]]] = {
        (scale, cuts): [] for scale in SCALES for cuts in (2, 0)
    }
    options = vision.FaceLandmarkerOptions(base_options=BaseOptions(model_asset_path=str(args.task)), num_faces=2)
    with vision.FaceLandmarker.create_from_options(options) as landmarker:
        for image in pictures(args.clips):
            found = landmarker.detect(mp.Image(image_format=mp.ImageFormat.SRGB, data=np.ascontiguousarray(image)))
            for face in found.face_landmarks:
                faces += 1
                points = np.array([(p.x, p.y, p.z) for p in face], np.float32)
                matrix = align.crop_matrix(points, (image.shape[1], image.shape[0]), 1)
                wanted = model.predict(align.crop_face(image, points)[None])
                for scale in SCALES * 4:
                    side = np.hypot(*matrix[:, 0]) * scale
                    centre = matrix[:, :2] @ (0.5 + rng.uniform(-0.15, 0.15, 2) * scale) + matrix[:, 2]
                    (x0, y0), (x1, y1) = np.maximum(centre - side / 2, 0).astype(int), (centre + side / 2).astype(int)
                    for cuts in (2, 0):
                        face_affect.CUTS = cuts
                        got = model.predict(np.ascontiguousarray(image[y0:y1, x0:x1])[None])
                        total = float(np.abs(got.emotions - wanted.emotions).sum() / 2)
                        apart[scale, cuts].append((total, float(np.abs(got.valence - wanted.valence)[0])))
    print(f"{faces} faces, {4 * faces} crops a scale; mean total variation of emotions, mean difference of valence")
    for scale in SCALES:
        again, plain = (np.mean(apart[scale, cuts], 0) for cuts in (2, 0))
        print(f"scale {scale:g}: cut again {again[0]:.3f}, {again[1]:.3f}; as it comes {plain[0]:.3f}, {plain[1]:.3f}")


if __name__ == "__main__":
    main()
