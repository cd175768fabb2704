"""Runs the face node over films that stand on their head, and writes what it said as JSON. Not a test by itself."""

import sys
from pathlib import Path
from typing import Any

from liveaffect.nodes.face import privacy

privacy.close_door()

import matplotlib  # noqa: E402
import matplotlib.image  # noqa: E402
import msgspec  # noqa: E402
import numpy as np  # noqa: E402

from liveaffect.nodes.face import FaceNode  # noqa: E402
from liveaffect.stream.messages import FaceMesh, FaceObservation, VideoFrame  # noqa: E402
from liveaffect.stream.node import messages_of  # noqa: E402


def main() -> None:
    out = Path(sys.argv[1])
    photo = matplotlib.image.imread(Path(matplotlib.get_data_path(), "sample_data", "grace_hopper.jpg"))
    photo = np.ascontiguousarray(photo[..., :3])
    head = np.ascontiguousarray(photo[::-1, ::-1])
    results: dict[str, Any] = {
        "upright": run([photo] * 12),
        "upside_down": run([head] * 12),
        "turned_midway": run([photo] * 12 + [head] * 45),
        "still": run([photo], still=True),
        "still_upside_down": run([head], still=True),
    }
    out.write_bytes(msgspec.json.encode(results))


def run(images: list[np.ndarray], *, still: bool = False) -> dict[str, Any]:
    node = FaceNode()
    node.open()
    frames = [VideoFrame(t_ns=i * 33_000_000, seq=i, image=im, still=still) for i, im in enumerate(images)]
    said = [message for frame in frames for message in messages_of(node.step(frame))]
    meshes = [
        m.landmarks[0, :, :2].mean(0).tolist() for m in said if isinstance(m, FaceMesh) and m.landmarks is not None
    ]
    info = node.info() | {"notice": node.notice()}
    node.close()
    return {"faces": [m for m in said if isinstance(m, FaceObservation)], "mesh": meshes, "info": info}


if __name__ == "__main__":
    main()
