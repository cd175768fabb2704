"""Faces far from the camera: which are found, and how what is measured of them differs from the same faces large.

    python benchmarks/bench_room.py [--people 42] [--widths 30,40,60,80,100,130,180,300] [--size 1920x1080]

Portraits (UTKFace, JAFFE and the two that come with matplotlib and scikit-image) are placed at a face's width in
pixels on a plain and on cluttered pictures, with noise (standard deviation 4 of 255) and JPEG of quality 80. Each is
looked for in every view of the far detector, then measured on its crop, as the face node does; the truth is the same
portrait at 600 pixels. Then `--empty` pictures without people are searched for false faces. CPU only; run it with
`nice`. Prints a table and writes out/bench_room_SIZE.json, row by row: `--resume` goes on with what is missing there.
"""

import argparse
import io
import json
import time
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

from liveaffect.nodes.face.privacy import close_door

close_door()

import cv2  # noqa: E402
import matplotlib  # noqa: E402
import numpy as np  # noqa: E402
import skimage  # noqa: E402
from numpy.typing import NDArray  # noqa: E402
from PIL import Image  # noqa: E402

from liveaffect.models import registry  # noqa: E402
from liveaffect.models.face.action_units import action_units  # noqa: E402
from liveaffect.models.face.align import crop_face, face_px  # noqa: E402
from liveaffect.models.face.far import views  # noqa: E402
from liveaffect.models.face.geometry import geometry, pose_degrees  # noqa: E402
from liveaffect.models.face.neutral import relative  # noqa: E402
from liveaffect.models.face.quality import face_quality  # noqa: E402
from liveaffect.nodes.face.closeups import Closeups, is_followed, place_of  # noqa: E402
from liveaffect.nodes.face.landmarker import Found  # noqa: E402
from liveaffect.nodes.face.tracking import is_double  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT.parent / "shared" / "data"
CLIPS = ROOT.parent / "shared" / "clips"
INSIDE = Path(skimage.__file__).parent / "data"
CLUTTER = ("coffee.png", "motorcycle_left.png", "rocket.jpg", "chelsea.png", "brick.png")
LARGE = 600
Picture = NDArray[np.uint8]


class Measured(NamedTuple):
    """What one face gives."""

    points: NDArray[np.float64]
    au: NDArray[np.float64]
    affect: NDArray[np.float64]
    """Valence, arousal, their stated standard deviations."""
    yaw: float
    low: tuple[str, ...]


class Bench:
    """The nets of the face node, one picture at a time."""

    def __init__(self) -> None:
        self.far, self.affect = registry.load("face-far"), registry.load("face-affect")
        self.crops = Closeups(registry.path("face-landmarker"))
        self.surest = 0.0
        """Of what the far detector said since this was set to 0."""

    def measured(self, image: Picture, found: Found) -> Measured:
        height, width = image.shape[:2]
        crop = crop_face(image, found.landmarks)
        yaw, pitch, _ = pose_degrees(found.pose)
        judged = face_quality(crop, face_px(found.landmarks, (width, height)), yaw, pitch)
        vector = relative(geometry(found.blendshapes, found.landmarks, (width, height), found.pose)[None])
        said = self.affect.predict(crop[None], geometry=vector, quality=np.array([judged.quality], np.float32))
        numbers = [said.valence[0], said.arousal[0], said.valence_sd[0], said.arousal_sd[0]]
        au = np.array(action_units(found.blendshapes, found.landmarks, width, height), np.float64)
        points = found.landmarks[:, :2].astype(np.float64) * (width, height)
        return Measured(points, au, np.array(numbers, np.float64), yaw, judged.reasons if judged.low_quality else ())

    def search(self, image: Picture) -> list[Found]:
        """Every face of a picture, twice found ones once."""
        size = np.array([image.shape[1], image.shape[0]], np.float64)
        faces: list[Found] = []
        for view in views(image.shape[1], image.shape[0]):
            for face in self.far.find(image, view):
                self.surest = max(self.surest, face.score)
                centre, side = place_of(face, size)
                if is_followed(face, size, [extent(one, size) for one in faces]):
                    continue
                found = self.crops.measure(image, centre, side, face)
                if found is not None and not any(is_double(one.landmarks, found.landmarks, image) for one in faces):
                    faces.append(found)
        return faces


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=42)
    parser.add_argument("--widths", default="30,40,60,80,100,130,180,300")
    parser.add_argument("--size", default="1920x1080")
    parser.add_argument("--backgrounds", type=int, default=3, help="the plain one, and so many less one of clutter")
    parser.add_argument("--empty", type=int, default=0, help="pictures without people that are searched")
    parser.add_argument("--resume", action="store_true", help="keep the rows of a run that was stopped")
    asked = parser.parse_args()
    width, height = (int(side) for side in asked.size.split("x"))
    out = ROOT / "out" / f"bench_room_{asked.size}.json"
    out.parent.mkdir(exist_ok=True)
    bench = Bench()
    truths = [(p, t) for p in portraits(asked.people) if (t := true(bench, p)) is not None]
    print(f"{len(truths)} portraits, {width}x{height}", flush=True)
    told: dict[str, Any] = {"size": asked.size, "people": len(truths), "backgrounds": asked.backgrounds, "rows": []}
    if asked.resume and out.is_file():
        before = json.loads(out.read_text("utf-8"))
        told["rows"] = before["rows"] if all(before[key] == told[key] for key in told if key != "rows") else []
    rows = {row["width"]: row for row in told["rows"]}
    for target in (int(w) for w in asked.widths.split(",")):
        if target not in rows:
            rows[target] = study(bench, truths, target, (width, height), asked.backgrounds)
        print("  ".join(f"{key} {value}" for key, value in rows[target].items()), flush=True)
        told["rows"] = list(rows.values())
        out.write_text(json.dumps(told, indent=2) + "\n", "utf-8")
    bench.surest = 0.0
    false = empty(bench, asked.empty)
    if asked.empty:
        print(f"{false} false faces in {asked.empty} pictures without people; the detector was at most "
              f"{bench.surest:.2f} sure of one", flush=True)  # fmt: skip
    out.write_text(json.dumps(told | {"empty": asked.empty, "false": false}, indent=2) + "\n", "utf-8")


def true(bench: Bench, picture: Picture) -> Measured | None:
    """Of the portrait large, as fractions of it; None where there is no face."""
    big = cv2.resize(picture, (LARGE, LARGE), interpolation=cv2.INTER_CUBIC)
    wide = np.asarray(cv2.copyMakeBorder(big, 150, 150, 150, 150, cv2.BORDER_REPLICATE), np.uint8)
    found = bench.crops.measure(wide, np.array([450.0, 450.0]), 410.0)
    if found is None:
        return None
    said = bench.measured(wide, found)
    return said._replace(points=(said.points - 150) / LARGE)


def study(
    bench: Bench, truths: list[tuple[Picture, Measured]], target: int, size: tuple[int, int], backgrounds: int
) -> dict[str, Any]:
    """One width of faces: the share that is found, and how far what is measured is off."""
    rng = np.random.default_rng(target)
    off: list[tuple[float, ...]] = []
    low: list[str] = []
    total = found = false = 0
    took = time.process_time()
    columns = max(1, min(7, int(size[0] / (2.4 * target))))
    for name in (None, *CLUTTER)[:backgrounds]:
        for first in range(0, len(truths), columns):
            frame = background(name, size)
            placed = []
            for k, (picture, truth) in enumerate(truths[first : first + columns]):
                at = (k + 0.5 + rng.uniform(-0.1, 0.1)) * size[0] / columns, rng.uniform(0.3, 0.7) * size[1]
                placed.append((paste(frame, picture, truth.points, target, at), truth))
            frame = spoiled(frame, rng)
            faces = [bench.measured(frame, face) for face in bench.search(frame)]
            middles = [face.points.mean(0) for face in faces]
            false += sum(min(np.linalg.norm(m - p.mean(0)) for p, _ in placed) > target / 2 for m in middles)
            for points, truth in placed:
                total += 1
                gaps = [float(np.linalg.norm(middle - points.mean(0))) for middle in middles]
                if not gaps or min(gaps) > target / 2:
                    continue
                found += 1
                face = faces[int(np.argmin(gaps))]
                marks = float(np.linalg.norm(face.points - points, axis=1).mean()) / target
                au = float(np.abs(face.au - truth.au).mean())
                off.append((marks, au, *(face.affect[:2] - truth.affect[:2]), *face.affect[2:], face.yaw - truth.yaw))
                low.append(",".join(face.low))
    table = np.array(off) if off else np.full((1, 7), np.nan)
    rms = np.sqrt((table[:, 2:4] ** 2).mean(0))
    return {
        "width": target, "found": round(found / total, 3), "of": total, "false": int(false),
        "marks_pct": round(100 * table[:, 0].mean(), 2),
        "marks_p95": round(100 * float(np.percentile(table[:, 0], 95)), 2),
        "au": round(table[:, 1].mean(), 3), "valence_rms": round(rms[0], 3), "arousal_rms": round(rms[1], 3),
        "valence_sd": round(table[:, 4].mean(), 3), "arousal_sd": round(table[:, 5].mean(), 3),
        "low": round(float(np.mean([bool(words) for words in low])) if low else 0.0, 3),
        "cpu_s": round(time.process_time() - took, 1),
    }  # fmt: skip


def extent(found: Found, size: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Middle and side of a face in pixels."""
    low, high = found.landmarks[:, :2].min(0) * size, found.landmarks[:, :2].max(0) * size
    return (low + high) / 2, float((high - low).max())


def portraits(count: int) -> list[Picture]:
    """UTKFace in equal steps, ten women of JAFFE, and two portraits in the public domain."""
    inside = Image.open(INSIDE / "astronaut.png").convert("RGB").crop((80, 0, 380, 300))
    hopper = Image.open(Path(matplotlib.get_data_path(), "sample_data", "grace_hopper.jpg")).convert("RGB")
    found = [np.asarray(hopper.crop((60, 0, 450, 390))), np.asarray(inside)]
    if (DATA / "jaffe.zip").is_file():
        jaffe = zipfile.ZipFile(DATA / "jaffe.zip")
        names = sorted(name for name in jaffe.namelist() if ".NE1" in name)
        found += [picture(jaffe.read(name)) for name in names]
    if (DATA / "utkface_adults_128px.zip").is_file():
        faces = zipfile.ZipFile(DATA / "utkface_adults_128px.zip")
        names = sorted(name for name in faces.namelist() if name.endswith(".jpg"))
        found += [picture(faces.read(name)) for name in names[:: max(len(names) // max(count, 1), 1)]]
    return found[:count]


def picture(content: bytes) -> Picture:
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))


def background(name: str | None, size: tuple[int, int]) -> Picture:
    if name is None:
        return np.full((size[1], size[0], 3), (120, 130, 140), np.uint8)
    inside = np.asarray(Image.open(INSIDE / name).convert("RGB"))
    return np.asarray(cv2.resize(inside, size, interpolation=cv2.INTER_CUBIC), np.uint8)


def paste(
    frame: Picture, portrait: Picture, points: NDArray[np.float64], width: int, at: tuple[float, float]
) -> NDArray[np.float64]:
    """Puts a portrait with soft edges so that its face is `width` wide; gives its landmarks in the frame."""
    side = width / float(np.ptp(points[:, 0]))
    high, wide = (max(round(side), 8) for _ in range(2))
    small = cv2.resize(
        portrait, (wide, high), interpolation=cv2.INTER_AREA if side < len(portrait) else cv2.INTER_CUBIC
    )
    left = int(np.clip(at[0] - wide / 2, 0, max(frame.shape[1] - wide, 0)))
    top = int(np.clip(at[1] - high / 2, 0, max(frame.shape[0] - high, 0)))
    small = small[: frame.shape[0] - top, : frame.shape[1] - left]
    mask = np.zeros(small.shape[:2], np.float32)
    edge = max(2, wide // 20)
    mask[edge:-edge, edge:-edge] = 1.0
    mask = cv2.GaussianBlur(mask, (0, 0), edge / 2)[..., None]
    place = frame[top : top + small.shape[0], left : left + small.shape[1]]
    place[:] = (mask * small + (1 - mask) * place).astype(np.uint8)
    return points * (wide, high) + (left, top)


def spoiled(frame: Picture, rng: np.random.Generator) -> Picture:
    noisy = np.clip(frame + rng.normal(0, 4, frame.shape), 0, 255).astype(np.uint8)
    return np.asarray(cv2.imdecode(cv2.imencode(".jpg", noisy, [cv2.IMWRITE_JPEG_QUALITY, 80])[1], cv2.IMREAD_COLOR))


def empty(bench: Bench, count: int) -> int:
    """False faces in pictures without people: parts of photographs of things, and a cartoon."""
    rng, found = np.random.default_rng(5), 0
    cartoon = list(film(CLIPS / "pyfeat_no_face_caminandes.mp4"))
    for number in range(count):
        if number % 100 == 99:
            print(f"{number + 1} empty pictures, {found} false faces", flush=True)
        if cartoon and number % 2:
            frame = cartoon[number // 2 % len(cartoon)]
        else:
            name = CLUTTER[number // 2 % len(CLUTTER)]
            whole = background(name, (1600, 1200))
            x, y = rng.integers(0, 800), rng.integers(0, 600)
            frame = np.ascontiguousarray(whole[y : y + 600, x : x + 800])
        found += len(bench.search(frame))
    return found


def film(path: Path) -> list[Picture]:
    if not path.is_file():
        return []
    import av

    with av.open(str(path)) as container:
        return [np.asarray(frame.to_ndarray(format="rgb24"), np.uint8) for frame in container.decode(video=0)][::3]


if __name__ == "__main__":
    main()
