"""A folder of images as a film."""

from collections.abc import Iterator
from pathlib import Path

from liveaffect.nodes.camera.film import Film
from liveaffect.nodes.camera.node import CameraNode
from liveaffect.nodes.camera.picture import Picture
from liveaffect.stream.capture.containers import NS
from liveaffect.stream.capture.media import probe
from liveaffect.stream.errors import InputError, LiveAffectError, UsageError
from liveaffect.stream.messages import Message, VideoFrame
from liveaffect.stream.node import SourceContext
from liveaffect.stream.node import source as source_of
from liveaffect.stream.topics import VIDEO


class ImageSequenceNode(CameraNode):
    """Emits the images named in `images` as frames, image k at k / `fps` seconds; for files only.

    One that cannot be read leaves a hole, which is counted and said.
    """

    images: tuple[str, ...] = ()
    """Names of the images in the folder `source`, in their order."""

    def open(self) -> None:
        """Checks the settings. Raises InputError."""
        if not self.images:
            raise InputError(f"the folder {self.source} holds no image")

    @source_of(emits=VIDEO)
    def frames(self, context: SourceContext) -> Iterator[Message | None]:
        """Every image in its order."""
        if context.live:
            raise UsageError(f"'{self.source}' is a folder of images: it can be scored, not played")
        broken: list[str] = []
        keep = self._measured()
        for number, name in enumerate(self.images):
            t_ns = round(number * NS / self.fps)
            if not keep(t_ns):
                continue
            path = str(Path(self.source, name))
            try:
                info = probe(path)
                shot = next(iter(Film(path, info)), None)
                if shot is None:
                    raise InputError(f"no picture of {path} can be decoded")
                yield VideoFrame(t_ns=t_ns, image=Picture(info).rgb(shot.frame), frame_index=number)
            except LiveAffectError as error:
                broken.append(str(error))
        if broken:
            context.dropped(VIDEO, len(broken), "invalid")
            count = "1 image" if len(broken) == 1 else f"{len(broken)} images"
            context.report(warning=f"{self.source}: {count} cannot be read, the first: {broken[0]}")
        if len(broken) == len(self.images):
            raise InputError(broken[0])
