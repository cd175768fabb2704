"""Who speaks, with two faces and one sound: films of two talking people side by side, still or moving, heard or not.

    python benchmarks/bench_speaking.py [--clips FOLDER]

Every film lasts twice the clips' length (the second half counts, when the evidence is in). A person who does not talk
is held still at the first frame. "outside" is a voice of neither. Printed: mean probability of speaking in frames with
speech, for the one on the left and on the right, and in how many of those frames each is above one half.
"""

import argparse
import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import numpy as np
import polars as pl
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "helpers"))

from made.media import write_clip  # noqa: E402

from liveaffect.cli.demo_media.clip import clip as demo_clip  # noqa: E402
from liveaffect.offline import score  # noqa: E402

LEFT, RIGHT = "grid_f_brbk7n.mpg", "grid_m_swiz3n.mpg"
RATE, FPS, HEARD = 16000, 25, 0.5
Pictures = list[NDArray[np.uint8]]
Sound = NDArray[np.float32]
CASES = (
    ("left talks", True, False, "left"), ("right talks", False, True, "right"),
    ("both talk, both heard", True, True, "both"),
    ("both move, left heard", True, True, "left"), ("both move, right heard", True, True, "right"),
    ("neither, silence", False, False, "none"), ("neither, a voice outside", False, False, "outside"),
)  # fmt: skip


def main() -> None:
    """Prints the table, and writes it as JSON under out/."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=Path, default=ROOT.parent / "shared" / "clips")
    given = parser.parse_args()
    (left, left_sound), (right, right_sound) = (read(given.clips / name) for name in (LEFT, RIGHT))
    outside = read(demo_clip())[1]
    count = min(len(left), len(right))
    length = count * RATE // FPS
    sounds = {
        "left": left_sound[:length], "right": right_sound[:length], "none": np.zeros(length, np.float32),
        "both": 0.5 * (left_sound[:length] + right_sound[:length]), "outside": outside[2 * RATE : 2 * RATE + length],
    }  # fmt: skip
    rows: list[dict[str, object]] = []
    with TemporaryDirectory() as folder:
        for name, left_moves, right_moves, heard in CASES:
            film = [
                np.hstack([left[i if left_moves else 0], right[i if right_moves else 0]]) for i in [*range(count)] * 2
            ]
            path = write_clip(Path(folder, "film.mp4"), film, np.tile(sounds[heard], 2), fps=FPS, rate=RATE)
            rows.append({"film": name, **judged(score(path), count / FPS)})
    print(f"{'film':28}{'frames':>8}{'left':>14}{'right':>14}   mean probability (share of frames above one half)")
    for row in rows:
        cells = "".join(f"{row[side]:>8.2f} ({row[side + '_share']:.0%})".rjust(14) for side in ("left", "right"))
        print(f"{row['film']:28}{row['frames']:>8}{cells}")
    out = ROOT / "out" / "bench_speaking.json"
    out.parent.mkdir(exist_ok=True)
    out.write_text(json.dumps(rows, indent=2) + "\n", "utf-8")


def read(path: Path) -> tuple[Pictures, Sound]:
    """RGB frames and mono sound at 16 kHz of a film."""
    with av.open(str(path)) as media:
        pictures = [np.asarray(frame.to_ndarray(format="rgb24"), np.uint8) for frame in media.decode(video=0)]
    resampler = av.AudioResampler("flt", "mono", RATE)
    with av.open(str(path)) as media:
        parts = [part.to_ndarray()[0] for frame in media.decode(audio=0) for part in resampler.resample(frame)]
    return pictures, np.concatenate(parts).astype(np.float32)


def judged(table: pl.DataFrame, begin_s: float) -> dict[str, float | int]:
    """Probabilities of speaking by side, where there is speech (everywhere, where there is none at all)."""
    rows = table.filter((pl.col("t_s") >= begin_s) & pl.col("face_id").is_not_null())
    speech = rows.filter(pl.col("speech_prob") > HEARD)
    rows = speech if speech.height else rows
    ids = rows["face_id"].unique().sort().to_list()
    found: dict[str, float | int] = {"frames": rows["t_s"].n_unique()}
    for side, face in zip(("left", "right"), ids, strict=False):
        p = rows.filter(pl.col("face_id") == face)["speaking_prob"].drop_nulls().to_numpy()
        found |= {
            side: float(p.mean()) if len(p) else 0.0,
            f"{side}_share": float((p > HEARD).mean()) if len(p) else 0.0,
        }
    return found


if __name__ == "__main__":
    main()
