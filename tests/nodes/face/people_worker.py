"""Films of two portraits that change places, leave, return, and are lit, covered and cut. Not a test by itself.

Called as `python people_worker.py OUT`; writes, per film, the rows of each frame: id, state, reason, middle of the box.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from liveaffect.nodes.face import privacy

privacy.close_door()

import matplotlib  # noqa: E402
import msgspec  # noqa: E402
import numpy as np  # noqa: E402
import skimage  # noqa: E402
from numpy.typing import NDArray  # noqa: E402
from PIL import Image  # noqa: E402

from liveaffect.models.face.identity import FaceIdentityModel  # noqa: E402
from liveaffect.nodes.face import FaceNode  # noqa: E402
from liveaffect.stream.lockstep import run_nodes  # noqa: E402
from liveaffect.stream.messages import FaceObservation, Message, VideoFrame  # noqa: E402
from liveaffect.stream.topics import topic_of  # noqa: E402
from liveaffect.stream.wire import encode  # noqa: E402

RATE, SIDE, HEIGHT, WIDTH = 15, 220, 360, 640
LEFT, RIGHT = (60, 60), (360, 60)
Picture = NDArray[np.uint8]
Rows = list[list[tuple[int, str, str, float]]]


def main() -> None:
    a = portrait(Path(matplotlib.get_data_path(), "sample_data", "grace_hopper.jpg"), (80, 0, 430, 350))
    b = portrait(Path(skimage.__file__).parent / "data" / "astronaut.png", (110, 0, 350, 240))
    one, other = still({LEFT: a}), still({RIGHT: b})
    two, swapped = still({LEFT: a, RIGHT: b}), still({LEFT: b, RIGHT: a})
    bright = np.minimum(one.astype(np.int16) + 70, 255).astype(np.uint8)
    hand = one.copy()
    hand[150:260, 60:280] = (196, 150, 120)
    films: dict[str, list[Picture]] = {
        "swap": [two] * 20 + [swapped] * 20,
        "tiles": [tiles(two)] * 20 + [tiles(swapped)] * 20,
        "cut": [one] * 12 + [still({LEFT: b}, tone=40)] * 12 + [one] * 12,
        "return": [one] * 12 + [still({})] * 45 + [still({RIGHT: a})] * 12,
        "stranger": [one] * 12 + [still({})] * 45 + [still({LEFT: b})] * 12,
        "jump": [one] * 12 + [still({RIGHT: a})] * 12,
        "lamp": [one] * 12 + [bright] * 12,
        "flash": [one] * 12 + [np.full_like(one, 250)] + [one] * 12,
        "hand": [one] * 12 + [hand] * 5 + [one] * 12,
        "fade": [one] * 8 + [(one * s).astype(np.uint8) for s in fading()] + [one] * 12,
        "other": [other] * 8,
    }
    swap = films.pop("swap")
    said: dict[str, Any] = {name: run(film) for name, film in films.items()}
    said["swap"], *said["leaked"] = overheard(swap)
    said["swap without identity"] = run(swap, identity=False)
    said["single participant"] = run(films["cut"], people=1)
    Path(sys.argv[1]).write_bytes(msgspec.json.encode(said))


def tiles(frame: Picture) -> Picture:
    """As a call shows it: a bright page below, so that faces are a small part of the picture's contrast."""
    return np.vstack([frame, np.full((200, WIDTH, 3), 255, np.uint8), np.zeros((200, WIDTH, 3), np.uint8)])


def overheard(film: list[Picture]) -> tuple[Rows, int, int]:
    """The rows; how many descriptors were made, and how many of them stand in anything that the node says."""
    made: list[bytes] = []

    def listening(self: FaceIdentityModel, chips: Picture) -> NDArray[np.float32]:
        found = plainly(self, chips)
        made.extend(row[:4].tobytes() for row in found)
        return found

    plainly, FaceIdentityModel.describe = FaceIdentityModel.describe, listening  # type: ignore[method-assign]
    said = told(film)
    FaceIdentityModel.describe = plainly  # type: ignore[method-assign]
    sent = [bytes(part) for message in said for part in encode(topic_of(message), message)]
    return rows_of(said), len(made), sum(any(look in part for part in sent) for look in made)


def fading() -> list[float]:
    return [*np.linspace(1, 0, 10), *np.linspace(0, 1, 10)]


def run(film: list[Picture], **settings: Any) -> Rows:
    return rows_of(told(film, **settings))


def told(film: list[Picture], **settings: Any) -> list[Message]:
    frames = [VideoFrame(t_ns=round(i * 1e9 / RATE), seq=i, image=image) for i, image in enumerate(film)]
    return list(run_nodes(FaceNode(**settings), inputs=frames))


def rows_of(said: list[Message]) -> Rows:
    return [list(rows(one)) for one in said if isinstance(one, FaceObservation)]


def rows(said: FaceObservation) -> Iterator[tuple[int, str, str, float]]:
    for face in said.faces:
        middle = -1.0 if face.box is None else face.box[0] + face.box[2] / 2
        assert (face.au is not None) == (face.state == "ok")
        yield face.id, face.state, face.reason, middle


def still(who: dict[tuple[int, int], Picture], tone: int = 100) -> Picture:
    frame = np.full((HEIGHT, WIDTH, 3), tone, np.uint8)
    frame += (np.arange(WIDTH) // (8 if tone > 50 else 4)).astype(np.uint8)[None, :: 1 if tone > 50 else -1, None]
    for (x, y), picture in who.items():
        frame[y : y + SIDE, x : x + SIDE] = picture
    return frame


def portrait(file: Path, box: tuple[int, int, int, int]) -> Picture:
    with Image.open(file) as picture:
        return np.asarray(picture.convert("RGB").crop(box).resize((SIDE, SIDE)))


if __name__ == "__main__":
    main()
