"""Makes the golden sessions anew, after a change that is meant to change numbers: `python tests/golden/make.py [NAME]`.

`demo-5s` is five seconds of the demo's clip, kept beside its recording, with every message of the default graph.
`far-3s` is three seconds of the same portrait 50 pixels wide in a larger picture, ten frames a second, without sound:
what the far detector said when, and all that follows from it.
"""

import os
import shutil
import sys
import tomllib
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

from liveaffect.nodes.face.privacy import close_door

HERE = Path(__file__).resolve().parent
CLIP = "clip.mp4"
NEAR_FRAMES = 150
FAR_FRAMES, FAR_RATE = 30, 10
FAR_WIDTH, FAR_HEIGHT = 960, 540
FAR_SIZE = (132, 99)
"""Of the demo's picture in the far clip."""
HEARD = ("microphone", "voice", "voice_affect")


def near(clip: Path) -> None:
    """The first seconds of the demo."""
    from liveaffect.cli.demo_media.clip import write

    write(clip, frames=NEAR_FRAMES)


def far(clip: Path) -> None:
    """The demo's portrait at a distance, walking slowly before a wall with a door."""
    import av
    import cv2
    import numpy as np

    from liveaffect.cli.demo_media import schedule
    from liveaffect.cli.demo_media.clip import frame
    from liveaffect.cli.demo_media.face import Portrait
    from liveaffect.cli.demo_media.voice import controls

    portrait, mouth = Portrait(), controls().mouth
    wall = np.full((FAR_HEIGHT, FAR_WIDTH, 3), (150, 145, 135), np.uint8)
    wall += (np.arange(FAR_WIDTH) // 20).astype(np.uint8)[None, :, None]
    wall[120:, 120:260] = (90, 70, 50)
    wide, high = FAR_SIZE
    with av.open(str(clip), "w", options={"fflags": "+bitexact", "movflags": "+faststart"}) as container:
        video = container.add_stream("libx264", rate=FAR_RATE, options={"crf": "20", "preset": "veryfast"})
        video.width, video.height, video.pix_fmt = FAR_WIDTH, FAR_HEIGHT, "yuv420p"
        video.codec_context.thread_count = 1  # more threads give other bytes
        video.codec_context.flags |= 1 << 23  # bit exact: no version of the encoder in the file
        for index in range(FAR_FRAMES):
            small = cv2.resize(
                frame(portrait, index * schedule.FPS // FAR_RATE, mouth), FAR_SIZE, interpolation=cv2.INTER_AREA
            )
            picture, x, y = wall.copy(), 560 + 3 * index, 150
            picture[y : y + high, x : x + wide] = small
            shown = av.VideoFrame.from_ndarray(picture, format="rgb24")
            shown.pts, shown.time_base = index, Fraction(1, FAR_RATE)
            container.mux(video.encode(shown))
        container.mux(video.encode(None))


SESSIONS: dict[str, tuple[Callable[[Path], None], tuple[str, ...]]] = {"demo-5s": (near, ()), "far-3s": (far, HEARD)}
"""What writes the clip, and the nodes that are left out."""


def main() -> None:
    """Writes each clip, records it on the lockstep host, and takes this machine's paths out of the manifest."""
    close_door()
    from liveaffect.offline.scoring.pipeline import DEFAULT_GRAPH
    from liveaffect.stream.graph import build_graph
    from liveaffect.stream.lockstep import LockstepHost
    from liveaffect.stream.session.info import load_info

    for name in sys.argv[1:] or SESSIONS:
        write, without = SESSIONS[name]
        folder = HERE / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        os.chdir(folder)
        write(folder / CLIP)
        table: dict[str, Any] = tomllib.loads(DEFAULT_GRAPH.read_text("utf-8"))
        for node in ("camera", "microphone"):
            table[node]["source"] = CLIP
        for node in without:
            table[node]["enabled"] = False
        table["recorder"] |= {"folder": ".", "autostart": True}
        for _ in LockstepHost(build_graph(table)).run():
            pass
        info = load_info(folder)
        for source in info.sources:
            source.path = CLIP
        info.writers, info.processes = [], []
        info.save(folder)
        print(f"{folder}: {sum(path.stat().st_size for path in folder.iterdir()) / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
