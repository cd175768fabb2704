"""A node that looks at pixels, for tests of verified replay."""

from liveaffect.stream.messages import Message, VideoFrame
from liveaffect.stream.node import Node, on
from liveaffect.stream.topics import VIDEO, Topic


class MeanColour(Message):
    """The mean of a frame and of all frames so far."""

    mean: float | None = None
    so_far: float | None = None


MEAN = Topic("toy/mean", MeanColour, rate_hz=30)


class Mean(Node):
    """Its output depends on every frame it has seen."""

    gain: float = 1.0

    def open(self) -> None:
        self._sum, self._count = 0.0, 0

    @on(VIDEO, emits=MEAN)
    def look(self, frame: VideoFrame) -> MeanColour:
        if frame.image is None:
            return MeanColour(t_ns=frame.t_ns)
        mean = self.gain * float(frame.image.mean())
        self._sum, self._count = self._sum + mean, self._count + 1
        return MeanColour(t_ns=frame.t_ns, mean=mean, so_far=self._sum / self._count)
