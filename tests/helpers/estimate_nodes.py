"""A face node for tests of `score` without a face model: it answers by brightness, and red kills its process."""

import os
import signal

from liveaffect.stream.messages import FaceAffect, FaceEstimate, VideoFrame
from liveaffect.stream.node import Node, on
from liveaffect.stream.topics import FACE_AFFECT, VIDEO

LAUNCH = """
[camera]
type = "liveaffect.nodes.camera:CameraNode"
[face_affect]
type = "estimate_nodes:Brightness"
[fusion]
type = "liveaffect.nodes.fusion:FusionNode"
"""
"""A launch file's text: a camera, the brightness of its pictures, fusion."""


class Brightness(Node):
    """Valence from dark (-1) to bright (+1); no face in a black picture; red ends the process as a kernel would."""

    @on(VIDEO, emits=FACE_AFFECT)
    def step(self, frame: VideoFrame) -> FaceAffect:
        assert frame.image is not None
        red, green, _ = (float(x) for x in frame.image.reshape(-1, 3).mean(axis=0))
        if red > 150 > 50 > green:
            os.kill(os.getpid(), signal.SIGKILL)
        said = FaceAffect(t_ns=frame.t_ns, frame_seq=frame.seq, still=frame.still)
        if red > 10:
            numbers = {"valence": green / 127.5 - 1.0, "valence_sd": 0.2, "arousal": 0.0, "arousal_sd": 0.2}
            face = FaceEstimate(id=1, state="ok", emotions=(0.3,) + (0.1,) * 7, **numbers)
            said.state, said.faces = "ok", (face,)
        return said
