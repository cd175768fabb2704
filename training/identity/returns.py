"""How often the face node gives a returning person the old id, and a stranger a new one, on films made from pictures.

    LIVEAFFECT_MODELS=FOLDER python -m training.identity.returns --pictures FOLDER [--away 20]

`--pictures` holds folders, one a person, with at least one picture each. A film shows one person for 1.5 s, moving a
little, an empty room for `--away` seconds, and then the same person (another picture of theirs, or the same one darker,
smaller and elsewhere, where there is no other) or somebody else.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from liveaffect.nodes.face.privacy import close_door

RATE, SIDE, HEIGHT, WIDTH = 15, 240, 480, 640
SHOWN_S = 1.5


def main() -> None:
    """Prints both shares, with counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=Path, required=True)
    parser.add_argument("--away", type=float, default=20.0)
    parser.add_argument("--without-net", action="store_true", help="face.identity = false")
    given = parser.parse_args()
    close_door()
    folders = sorted(path for path in given.pictures.iterdir() if path.is_dir())
    people = [[portrait(file) for file in sorted(folder.iterdir())] for folder in folders]
    kept = changed = 0
    for number, own in enumerate(people):
        other = people[(number + 1) % len(people)]
        again = own[-1] if len(own) > 1 else (own[0] * 0.75).astype(np.uint8)
        kept += ids(own[0], again, given.away, net=not given.without_net) == (0, 0)
        first, second = ids(own[0], other[0], given.away, net=not given.without_net)
        changed += first == 0 and second not in (0, None)
    n = len(people)
    print(f"{n} people, {given.away:g} s away: old id {kept} of {n}; a stranger's new id {changed} of {n}")


def ids(
    first: NDArray[np.uint8], second: NDArray[np.uint8], away_s: float, *, net: bool
) -> tuple[int | None, int | None]:
    """The id with numbers at the end of each person's time in view."""
    from liveaffect.nodes.face import FaceNode
    from liveaffect.stream.lockstep import run_nodes
    from liveaffect.stream.messages import FaceObservation, VideoFrame

    pictures = enumerate(film(first, second, away_s))
    frames = [VideoFrame(t_ns=round(t * 1e9), seq=seq, image=image) for seq, (t, image) in pictures]
    seen = [said for said in run_nodes(FaceNode(identity=net), inputs=frames) if isinstance(said, FaceObservation)]
    half = SHOWN_S + away_s / 2
    shown = [(said.t_ns / 1e9, face.id) for said in seen for face in said.faces if face.state == "ok"]
    before, after = [i for t, i in shown if t < half], [i for t, i in shown if t >= half]
    return (before[-1] if before else None), (after[-1] if after else None)


def film(
    first: NDArray[np.uint8], second: NDArray[np.uint8], away_s: float
) -> Iterator[tuple[float, NDArray[np.uint8]]]:
    """Times (s) and frames: one person, nobody (twice a second is enough), the other person elsewhere."""
    room = np.full((HEIGHT, WIDTH, 3), 96, np.uint8)
    room += (np.arange(WIDTH, dtype=np.uint8) // 8)[None, :, None]
    for begin, picture, x, y in ((0.0, first, 150, 120), (SHOWN_S + away_s, second, 270, 80)):
        for i in range(round(SHOWN_S * RATE)):
            frame, moved = room.copy(), x + round(4 * np.sin(i / 3))
            frame[y : y + SIDE, moved : moved + SIDE] = picture
            yield begin + i / RATE, frame
        if begin == 0.0:
            for t in np.arange(SHOWN_S, SHOWN_S + away_s, 0.5):
                yield t, room


def portrait(file: Path) -> NDArray[np.uint8]:
    """A picture as (240, 240, 3) uint8 RGB."""
    with Image.open(file) as picture:
        return np.asarray(picture.convert("RGB").resize((SIDE, SIDE)))


if __name__ == "__main__":
    main()
