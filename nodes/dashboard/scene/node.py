"""The dashboard as a node: handlers that fill a `Scene`. No window here, so a list of messages drives it in a test."""

from typing import Any, ClassVar

from liveaffect.nodes.dashboard.scene.shown import Scene
from liveaffect.stream import messages as m
from liveaffect.stream.node import Node, on, spec_of
from liveaffect.stream.topics import (
    AFFECT,
    ATTENTION,
    BASELINE,
    DISCORD,
    DYNAMICS,
    FACE,
    HEALTH,
    MARKER,
    MESH,
    PLAYBACK,
    REASONS,
    SHIFT,
    TOGETHER,
    VIDEO,
    VOICE,
    Topic,
    topic_of,
)


class DashboardNode(Node):
    """What a window shows of the stream; its host is `liveaffect.nodes.dashboard.feed.GatewayFeed`."""

    ordered: ClassVar[bool] = False

    pixels: bool = True
    """Show the camera's picture; else faces are drawn from their landmarks and no pixel is asked for."""

    def open(self) -> None:
        self.scene = Scene()
        self._handlers = {name: getattr(self, method) for name, method in spec_of(self).handlers.items()}
        apart = (VIDEO, DYNAMICS, TOGETHER, REASONS)
        self.topics: list[Topic[Any]] = [topic for topic in spec_of(self).inputs if topic not in apart]
        """What the window always subscribes to; pixels, and what is shown in panels, are asked for apart."""
        self.panel: tuple[str, ...] = ()
        """Topics of the panel that is open."""

    def take(self, message: m.Message) -> None:
        """Hands one message to its handler. One that breaks it is counted and named: the window stays up. What has none
        came because its name begins as that of another (blinks with attention)."""
        name = topic_of(message).name
        handler = self._handlers.get(name)
        if handler is None:
            return
        try:
            handler(message)
        except Exception as error:  # whatever another program sends
            self.scene.strange[f"{name}: {type(error).__name__}: {error}"] += 1

    @on(VIDEO)
    def video(self, frame: m.VideoFrame) -> None:
        """A picture, kept until its faces are known; none where pixels are not to be shown."""
        if self.pixels:
            self.scene.frames.add_frame(frame)

    @on(FACE)
    def face(self, faces: m.FaceObservation) -> None:
        """Boxes, action units, pose."""
        self.scene.take_faces(faces)

    @on(MESH)
    def mesh(self, mesh: m.FaceMesh) -> None:
        """Landmarks."""
        self.scene.frames.add_mesh(mesh)

    @on(AFFECT)
    def affect(self, affect: m.Affect) -> None:
        """Everyone's estimate."""
        self.scene.take_affect(affect)

    @on(VOICE)
    def voice(self, voice: m.VoiceDescriptors) -> None:
        """Pitch, loudness, speech."""
        self.scene.take_voice(voice)

    @on(HEALTH)
    def health(self, health: m.Health) -> None:
        """How a node is doing."""
        self.scene.health[health.node] = health
        if isinstance(health.status, m.BaselineStatus) and self.scene.baseline is None:
            self.scene.baseline = health.status.in_force  # captured before this window was opened

    @on(BASELINE)
    def baseline(self, baseline: m.Baseline) -> None:
        """The outcome of a neutral capture."""
        self.scene.baseline = baseline

    @on(PLAYBACK)
    def playback(self, playback: m.Playback) -> None:
        """Where a replay stands; after a seek, what was shown belongs to another stretch of time."""
        before, self.scene.playback = self.scene.playback, playback
        if before is not None and before.round != playback.round:
            self.scene.begin_anew()

    @on(ATTENTION)
    def attention(self, attention: m.Attention) -> None:
        """Who looks at whom, and at the camera."""
        self.scene.over.attending.take(attention)

    @on(DYNAMICS)
    def dynamics(self, dynamics: m.Dynamics) -> None:
        """How everyone's affect moved."""
        self.scene.over.dynamics = dynamics

    @on(TOGETHER)
    def together(self, together: m.Together) -> None:
        """Who follows whom."""
        self.scene.over.together = together

    @on(SHIFT)
    def shift(self, shift: m.Shift) -> None:
        """A person's level changed at once."""
        self.scene.over.shifts.append(shift)

    @on(REASONS)
    def reasons(self, reasons: m.Reasons) -> None:
        """Which cues carried somebody's estimate."""
        self.scene.over.take_reasons(reasons)

    @on(DISCORD)
    def discord(self, discord: m.Discord) -> None:
        """A stretch in which face and voice differed."""
        self.scene.over.discords.append(discord)

    @on(MARKER)
    def marker(self, marker: m.Marker) -> None:
        """A labelled instant."""
        self.scene.markers.append(marker)
