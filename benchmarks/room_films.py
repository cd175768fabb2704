"""Films of rooms for bench_e2e.py: one and two near faces, one far, six people; 1280x720 at 30 frames a second.

Everybody is the portrait of the demo, which moves and talks, or that of scikit-image, mirrored and lit in turn, so that
no two of a film look alike. All sway.
"""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import skimage
from numpy.typing import NDArray
from PIL import Image

SIZE = WIDTH, HEIGHT = 1280, 720
RATE = 30
SECONDS = 4
"""Shown over and over; the swaying comes round in it."""
Picture = NDArray[np.uint8]

Place = tuple[float, float, float]
"""Middle of the portrait as fractions of the frame, and its height in pixels; a face is about two fifths of it wide."""
ROOMS: dict[str, tuple[Place, ...]] = {
    "one near": ((0.5, 0.5, 700),),
    "two near": ((0.27, 0.5, 600), (0.73, 0.5, 600)),
    "one far": ((0.62, 0.4, 170),),
    "six people": tuple((0.17 + 0.33 * (k % 3), 0.28 + 0.45 * (k // 3), 260) for k in range(6)),
}


def write(path: Path, room: str) -> None:
    """Writes the film of a room of `ROOMS` as H.264."""
    import av

    people = [_person(k) for k in range(len(ROOMS[room]))]
    wall = np.full((HEIGHT, WIDTH, 3), (150, 145, 135), np.uint8)
    wall += (np.arange(WIDTH) // 16 % 64).astype(np.uint8)[None, :, None]
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=RATE, options={"crf": "20", "preset": "veryfast"})
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for index in range(RATE * SECONDS):
            frame = wall.copy()
            for k, (person, (x, y, high)) in enumerate(zip(people, ROOMS[room], strict=True)):
                sway = 0.05 * high * np.sin(2 * np.pi * (index / (RATE * SECONDS) + k / 6))
                _paste(frame, person(index), x * WIDTH + sway, y * HEIGHT, round(high))
            shown = av.VideoFrame.from_ndarray(frame, format="rgb24")
            shown.pts, shown.time_base = index, Fraction(1, RATE)
            container.mux(video.encode(shown))
        container.mux(video.encode(None))


def _person(number: int) -> Callable[[int], Picture]:
    """What one of them looks like in each frame."""
    from liveaffect.cli.demo_media.clip import frame
    from liveaffect.cli.demo_media.face import Portrait
    from liveaffect.cli.demo_media.voice import controls

    look = number // 2 % 3  # as it is, mirrored, darker

    def changed(picture: Picture) -> Picture:
        picture = picture[:, ::-1] if look else picture
        return np.ascontiguousarray(picture if look < 2 else (picture * 0.75).astype(np.uint8))

    if number % 2 == 0:
        portrait, mouth = Portrait(), controls().mouth
        return lambda index: changed(frame(portrait, index + 40 * number, mouth)[:, 80:560])
    astronaut = np.asarray(Image.open(Path(skimage.__file__).parent / "data" / "astronaut.png").convert("RGB"))
    still = changed(astronaut[0:300, 80:380])
    return lambda _: still


def _paste(frame: Picture, picture: Picture, x: float, y: float, side: int) -> None:
    small = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)
    left, top = int(np.clip(x - side / 2, 0, WIDTH - side)), int(np.clip(y - side / 2, 0, HEIGHT - side))
    frame[top : top + side, left : left + side] = small
