"""Makes the golden session anew, after a change that is meant to change numbers: `python tests/golden/make.py`.

It is five seconds of the demo's clip, kept beside its recording, with every message of the default graph.
"""

import os
import shutil
import tomllib
from pathlib import Path
from typing import Any

from liveaffect.nodes.face.privacy import close_door

GOLDEN = Path(__file__).resolve().parent / "demo-5s"
CLIP = "clip.mp4"
FRAMES = 150


def main() -> None:
    """Writes the clip, records it on the lockstep host, and takes this machine's paths out of the manifest."""
    close_door()
    from liveaffect.cli.demo_media.clip import write
    from liveaffect.offline.scoring.pipeline import DEFAULT_GRAPH
    from liveaffect.stream.graph import build_graph
    from liveaffect.stream.lockstep import LockstepHost
    from liveaffect.stream.session.info import load_info

    shutil.rmtree(GOLDEN, ignore_errors=True)
    GOLDEN.mkdir()
    os.chdir(GOLDEN)
    write(GOLDEN / CLIP, frames=FRAMES)
    table: dict[str, Any] = tomllib.loads(DEFAULT_GRAPH.read_text("utf-8"))
    for name in ("camera", "microphone"):
        table[name]["source"] = CLIP
    table["recorder"] |= {"folder": ".", "autostart": True}
    for _ in LockstepHost(build_graph(table)).run():
        pass
    info = load_info(GOLDEN)
    for source in info.sources:
        source.path = CLIP
    info.writers, info.processes = [], []
    info.save(GOLDEN)
    print(f"{GOLDEN}: {sum(path.stat().st_size for path in GOLDEN.iterdir()) / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
