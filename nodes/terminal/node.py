"""Terminal: a live view by rich where there is a terminal, one plain line a second where there is none."""

from collections import deque
from typing import ClassVar

from rich.console import Console
from rich.live import Live

from liveaffect.nodes.terminal.view import Snapshot, plain_line, render
from liveaffect.stream import messages as m
from liveaffect.stream.node import Node, on
from liveaffect.stream.topics import AFFECT, FACE, HEALTH, MARKER, TICK, VOICE

HISTORY = 300
PEOPLE = 16
"""Of so many the past is kept; who has gone for good makes room, longest gone first."""


class TerminalNode(Node):
    """Draws the newest estimates ten times a second; where the output is no terminal, prints a line a second."""

    ordered: ClassVar[bool] = False
    terminal: ClassVar[bool] = True
    plain: bool = False
    """Lines even where there is a terminal."""
    title: str = "liveaffect"

    def open(self) -> None:
        self._snapshot = Snapshot(title=self.title)
        self._console = Console()
        self._line_ns = 0
        self._live: Live | None = None
        if self._console.is_terminal and not self.plain:
            self._live = Live(console=self._console, auto_refresh=False, screen=True)
            self._live.start()

    def close(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    @on(AFFECT)
    def affect(self, affect: m.Affect) -> None:
        """The newest estimate of everyone."""
        shot = self._snapshot
        shot.affect = affect
        shot.started_ns = shot.started_ns or affect.t_ns
        if affect.frame_seq >= 0 and affect.pub_ns:
            behind_ms = (affect.pub_ns - affect.t_ns) / 1e6
            shot.behind_ms = behind_ms if shot.behind_ms is None else 0.95 * shot.behind_ms + 0.05 * behind_ms
        for person in affect.people:
            trace = shot.traces.pop(person.id, None) or deque(maxlen=HISTORY)
            trace.append((affect.t_ns, person.valence, person.arousal))
            shot.traces[person.id] = trace  # last seen stands last
        while len(shot.traces) > PEOPLE:
            del shot.traces[next(iter(shot.traces))]
        if affect.t_ns - self._line_ns >= 1_000_000_000 and self._live is None:
            self._line_ns = affect.t_ns
            print(plain_line(shot), flush=True)

    @on(FACE)
    def face(self, face: m.FaceObservation) -> None:
        """Action units and head pose."""
        self._snapshot.faces = {one.id: one for one in face.faces}
        self._snapshot.beyond = face.beyond

    @on(VOICE)
    def voice(self, voice: m.VoiceDescriptors) -> None:
        """Pitch, loudness, speech."""
        self._snapshot.voice = voice

    @on(HEALTH)
    def health(self, health: m.Health) -> None:
        """How the nodes are doing."""
        self._snapshot.health[health.node] = health

    @on(MARKER)
    def marker(self, marker: m.Marker) -> None:
        """The newest label."""
        self._snapshot.marker = marker

    @on(TICK)
    def tick(self, _tick: m.Tick) -> None:
        """Redraws."""
        if self._live is not None:
            self._live.update(render(self._snapshot, self._console.width, self._console.height), refresh=True)
