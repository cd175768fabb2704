"""A clip through the face node. Not a test by itself.

Called as `python clips_worker.py CLIP FRAMES OUT`; writes of each frame the rows (id, state, middle of the box) and how
many faces are not measured.
"""

import sys
from itertools import islice
from pathlib import Path

from liveaffect.nodes.face import privacy

privacy.close_door()

import av  # noqa: E402
import msgspec  # noqa: E402

from liveaffect.nodes.face import FaceNode  # noqa: E402
from liveaffect.stream.lockstep import run_nodes  # noqa: E402
from liveaffect.stream.messages import FaceObservation, VideoFrame  # noqa: E402


def main() -> None:
    clip, count, out = sys.argv[1:]
    with av.open(clip) as film:
        frames = [
            VideoFrame(t_ns=round(float(frame.time or 0.0) * 1e9), seq=i, image=frame.to_ndarray(format="rgb24"))
            for i, frame in enumerate(islice(film.decode(video=0), int(count)))
        ]
    told = [
        {
            "faces": [[f.id, f.state, None if f.box is None else f.box[0] + f.box[2] / 2] for f in one.faces],
            "unmeasured": one.unmeasured,
        }
        for one in run_nodes(FaceNode(), inputs=frames)
        if isinstance(one, FaceObservation)
    ]
    Path(out).write_bytes(msgspec.json.encode(told))


if __name__ == "__main__":
    main()
