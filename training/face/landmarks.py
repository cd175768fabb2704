"""Step 1: run MediaPipe's Face Landmarker over the still faces and keep landmarks, blendshapes and head pose.

python -m training.face.landmarks --data ../shared/data --task ../shared/models/face_landmarker.task --out CACHE
"""

import argparse
import csv
import io
import os
import time
import zipfile
from pathlib import Path

import numpy as np

# The landmarker reports usage to its maker unless this door is closed before it is created.
os.environ.update(HTTPS_PROXY="http://127.0.0.1:9", https_proxy="http://127.0.0.1:9", NO_PROXY="", no_proxy="")

SETS = {
    "ferplus": ("ferplus.zip", 5),
    "utk": ("utkface_adults_128px.zip", 2),
    "rafdb_train": ("rafdb_train.zip", 2),
    "rafdb_test": ("rafdb_test.zip", 2),
    "rare": ("affectnet_rare.zip", 2),
    "jaffe": ("jaffe.zip", 1),
}
PAD = 0.25  # of the side, on each edge: the detector wants some room around a tight crop


def read_faces(archive: Path) -> tuple[np.ndarray, list[dict[str, str]]]:
    """All images of a zip in the order of its manifest, (n, s, s) or (n, s, s, 3) uint8 RGB, and the manifest rows."""
    from PIL import Image

    with zipfile.ZipFile(archive) as z:
        rows = list(csv.DictReader(io.StringIO(z.read("manifest.csv").decode())))
        images = np.stack([np.asarray(Image.open(io.BytesIO(z.read(r["file"])))) for r in rows])
    return images, rows


def in_colour(image: np.ndarray) -> np.ndarray:
    """An image (h, w) or (h, w, 3) as (h, w, 3): what is grey three times."""
    return image if image.ndim == 3 else np.repeat(image[..., None], 3, 2)


def enlarge(image: np.ndarray, factor: int) -> np.ndarray:
    """One face padded by `PAD` on every edge (edge pixels repeated) and scaled up by bicubic, (S, S, 3) uint8."""
    from PIL import Image

    pad = round(image.shape[0] * PAD)
    rgb = in_colour(image)
    rgb = np.pad(rgb, ((pad, pad), (pad, pad), (0, 0)), mode="edge")
    side = rgb.shape[0] * factor
    return np.ascontiguousarray(Image.fromarray(rgb).resize((side, side), Image.Resampling.BICUBIC))


def extract(images: np.ndarray, factor: int, task: Path) -> dict[str, np.ndarray]:
    """Landmarks as fractions of the unpadded image (n, 478, 3), blendshapes (n, 52), pose (n, 4, 4), found (n,)."""
    import mediapipe as mp
    from mediapipe.tasks.python import BaseOptions, vision

    options = vision.FaceLandmarkerOptions(
        base_options=BaseOptions(model_asset_path=str(task)),
        output_face_blendshapes=True,
        output_facial_transformation_matrixes=True,
        min_face_detection_confidence=0.3,
        min_face_presence_confidence=0.3,
    )
    n = len(images)
    out = {
        "landmarks": np.full((n, 478, 3), np.nan, np.float32),
        "blendshapes": np.full((n, 52), np.nan, np.float32),
        "pose": np.full((n, 4, 4), np.nan, np.float32),
        "found": np.zeros(n, bool),
    }
    begin = time.perf_counter()
    with vision.FaceLandmarker.create_from_options(options) as landmarker:
        for i, image in enumerate(images):
            picture = mp.Image(image_format=mp.ImageFormat.SRGB, data=enlarge(image, factor))
            result = landmarker.detect(picture)
            if result.face_landmarks:
                points = np.array([(p.x, p.y, p.z) for p in result.face_landmarks[0]], np.float32)
                grow = 1 + 2 * round(image.shape[0] * PAD) / image.shape[0]
                points[:, :2] = points[:, :2] * grow - (grow - 1) / 2
                points[:, 2] *= grow
                out["landmarks"][i] = points
                out["blendshapes"][i] = [c.score for c in result.face_blendshapes[0]]
                out["pose"][i] = result.facial_transformation_matrixes[0]
                out["found"][i] = True
            if i % 1000 == 999:
                rate = (i + 1) / (time.perf_counter() - begin)
                print(f"  {i + 1}/{n}  {rate:.0f} images/s  found {out['found'][: i + 1].mean():.3f}", flush=True)
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--task", type=Path, default=Path("../shared/models/face_landmarker.task"))
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--sets", nargs="+", default=list(SETS), choices=list(SETS))
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    for name in args.sets:
        archive, factor = SETS[name]
        images, _ = read_faces(args.data / archive)
        print(f"{name}: {images.shape}", flush=True)
        np.save(args.out / f"{name}_images.npy", images)
        for key, value in extract(images, factor, args.task).items():
            np.save(args.out / f"{name}_{key}.npy", value)


if __name__ == "__main__":
    main()
