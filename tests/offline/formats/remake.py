"""Re-makes photographs, films and sounds in many ways, scores every copy, and compares it with the plain one.

    python remake.py OUT.jsonl [--quick] [--shared FOLDER]

One JSON line per copy; copies that stand in OUT already are not made again. Not a test by itself.
"""

import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests" / "helpers"))

import av  # noqa: E402
import matplotlib  # noqa: E402
import numpy as np  # noqa: E402
import polars as pl  # noqa: E402
import ways_of_films  # noqa: E402
import ways_of_images  # noqa: E402
import ways_of_sounds  # noqa: E402
from PIL import Image  # noqa: E402

from liveaffect.cli.demo_media.clip import clip  # noqa: E402
from liveaffect.models.circumplex import EMOTIONS  # noqa: E402
from liveaffect.offline.scoring.settings import ScoreSettings  # noqa: E402
from liveaffect.offline.scoring.workers import Outcome, Task, score_files  # noqa: E402

LENGTH = 14
"""Frames of a film: four to settle, ten with numbers."""
QUICK = {
    "photograph": ("JPEG, EXIF orientation 5", "HEIC, turned by its own rotation"),
    "film": ("MP4, mirrored by its matrix", "pixel aspect 64:45"),
    "sound": (),
}
WAYS: dict[str, Any] = {"photograph": ways_of_images, "film": ways_of_films, "sound": ways_of_sounds}


def subjects(shared: Path | None) -> Iterator[tuple[str, str, Callable[[], Any]]]:
    """Kind, name and what gives pixels or samples of each."""
    yield "photograph", "Hopper (matplotlib)", _hopper
    yield "photograph", "astronaut (scikit-image)", _astronaut
    yield "photograph", "the demo's face", lambda: _frames(clip(), 130, 1)[0]
    yield "film", "Hopper, camera moving", lambda: _pan(_hopper())
    yield "film", "astronaut, camera moving", lambda: _pan(_astronaut())
    yield "film", "the demo's face", lambda: _frames(clip(), 120, LENGTH)
    yield "sound", "the demo's voice", lambda: _sound(clip(), 3.0, 4.0)
    if shared is not None:
        yield "photograph", "phone", lambda: _photo(shared / "cases" / "phone.jpg", 2)
        yield "film", "grid_f", lambda: _frames(shared / "clips" / "grid_f_brbk7n.mpg", 10, LENGTH)
        yield "film", "pyfeat_single_face", lambda: _frames(shared / "clips" / "pyfeat_single_face.mp4", 10, LENGTH)
        yield "sound", "grid_f", lambda: _sound(shared / "clips" / "grid_f_brbk7n.mpg", 0.0, 2.9)
        yield "sound", "grid_m", lambda: _sound(shared / "clips" / "grid_m_swiz3n.mpg", 0.0, 2.9)


def _hopper() -> np.ndarray:
    return _photo(Path(matplotlib.get_data_path(), "sample_data", "grace_hopper.jpg"))


def _astronaut() -> np.ndarray:
    import skimage

    return _photo(Path(skimage.__file__).parent / "data" / "astronaut.png")


def _photo(path: Path, shrink: int = 1) -> np.ndarray:
    image = np.asarray(Image.open(path).convert("RGB").reduce(shrink))
    return np.ascontiguousarray(image[: image.shape[0] // 16 * 16, : image.shape[1] // 16 * 16])


def _pan(image: np.ndarray) -> list[np.ndarray]:
    height, width = (image.shape[0] - 32) // 16 * 16, (image.shape[1] - 32) // 16 * 16
    return [np.ascontiguousarray(image[n : n + height, 2 * n : 2 * n + width]) for n in range(LENGTH)]


def _frames(path: Path, first: int, count: int) -> list[np.ndarray]:
    with av.open(str(path)) as film:
        images = [frame.to_ndarray(format="rgb24") for n, frame in enumerate(film.decode(video=0)) if n < first + count]
    return [np.ascontiguousarray(i[: i.shape[0] // 16 * 16, : i.shape[1] // 16 * 16]) for i in images[first:]]


def _sound(path: Path, start_s: float, length_s: float) -> np.ndarray:
    resampler = av.AudioResampler(format="fltp", layout="mono", rate=48000)
    with av.open(str(path)) as film:
        pieces = [r.to_ndarray()[0] for frame in film.decode(audio=0) for r in resampler.resample(frame)]
    sound = np.concatenate(pieces)[round(start_s * 48000) :][: round(length_s * 48000)]
    return (0.5 * sound / np.abs(sound).max()).astype(np.float32)


def summary_of(table: pl.DataFrame, kind: str) -> dict[str, Any]:
    """What is compared: valence, top category, and the times of rows."""
    known = table.drop_nulls("valence")
    means = [float(known[f"p_{name}"].to_numpy().mean()) if known.height else 0.0 for name in EMOTIONS]
    top = EMOTIONS[int(np.argmax(means))] if known.height else ""
    valence = known["valence"].to_list() if kind != "sound" else [known["valence"].mean()] if known.height else []
    return {"valence": valence, "top": top, "times": table["t_s"].to_list(), "ok_s": known["t_s"].to_list()}


def main(words: list[str]) -> None:
    out, quick = Path(words[0]), "--quick" in words
    shared = Path(words[words.index("--shared") + 1]) if "--shared" in words else None
    done = {(row["kind"], row["subject"], row["way"]) for row in _rows(out)}
    for kind, subject, material in subjects(None if quick else shared):
        module, chosen = WAYS[kind], QUICK[kind] if quick else tuple(WAYS[kind].WAYS)
        if quick and (not chosen or not subject.startswith("Hopper")):
            continue
        ways = {"plain": module.plain, **{way: module.WAYS[way] for way in chosen}}
        left = {way: make for way, make in ways.items() if (kind, subject, way) not in done}
        if left:
            with tempfile.TemporaryDirectory(prefix="remade-") as folder:
                score_all(kind, subject, material(), left, Path(folder), out, jobs=1 if quick else 2)


def _rows(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.read_text("utf-8").splitlines()] if out.is_file() else []


def score_all(
    kind: str, subject: str, material: Any, ways: dict[str, Any], folder: Path, out: Path, *, jobs: int
) -> None:
    """Makes every copy, scores them, and writes a line for each."""
    tasks: dict[Task, str] = {}
    for number, (way, make) in enumerate(ways.items()):
        place = folder / str(number)
        place.mkdir()
        try:
            tasks[Task(make(place, material), way, folder / f"{number}.parquet")] = way
        except (OSError, ValueError, KeyError) as error:  # an encoder that is not here
            _say(out, kind, subject, way, {"failure": f"cannot be made here: {type(error).__name__}: {error}"})
    for event in score_files(list(tasks), jobs, ScoreSettings()):
        if isinstance(event, Outcome):
            found = (
                {"failure": event.failure} if event.failure else summary_of(pl.read_parquet(event.task.target), kind)
            )
            _say(
                out, kind, subject, tasks[event.task], {**found, "said": [w.partition(": ")[2] for w in event.warnings]}
            )


def _say(out: Path, kind: str, subject: str, way: str, found: dict[str, Any]) -> None:
    with out.open("a", encoding="utf-8") as file:
        file.write(json.dumps({"kind": kind, "subject": subject, "way": way, **found}) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
