"""What came before the instant that a replay was sent to: asked for after every jump, and put under the traces."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from PySide6.QtCore import QObject

from liveaffect.nodes.dashboard.scene.shown import Scene
from liveaffect.nodes.dashboard.sessions.tools import Cards, Tools, card_in
from liveaffect.stream.messages import Affect, Playback
from liveaffect.stream.session.facts import SessionCard
from liveaffect.stream.session.info import is_session

LEAST_S = 0.5
"""Closer to the beginning there is nothing worth a question."""


class Before(QObject):
    """Parameters: the scene that is filled, and the tools that read sessions of this machine."""

    def __init__(self, scene: Scene, tools: Tools, parent: QObject) -> None:
        super().__init__(parent)
        self._scene = scene
        self._cards = Cards(tools.cards, self)
        self._session = ""
        self._round: int | None = None
        self._last: Playback | None = None

    def close(self) -> None:
        """Ends the reader."""
        self._cards.close()

    def look_at(self, session: str, show: Callable[[SessionCard, float], None]) -> None:
        """The session that is replayed; `show` gets its card, and its first frame's place on the time of the replay."""
        if session == self._session or not session or not is_session(Path(session)):
            return
        self._session = session

        def answered(said: dict[str, Any]) -> None:
            card = card_in(said)
            if card is not None and card.strip.state:
                show(card, float(said.get("shift_s", 0.0)))

        self._cards.put({"replay": session}, answered)
        if self._last is not None:
            self.follow(self._last)

    def follow(self, said: Playback) -> None:
        """Where the replay stands: after a jump, what came before it is asked for."""
        self._last = said
        if not self._session or said.round == self._round:
            return
        self._round = said.round
        if said.position_s < LEAST_S:
            return

        def answered(answer: dict[str, Any]) -> None:
            try:
                past = msgspec.convert(answer["past"], list[Affect])
            except (KeyError, msgspec.ValidationError):
                return
            with self._scene.lock:
                now = self._scene.playback
                if now is not None and now.round == said.round:
                    self._scene.take_past(past)

        self._cards.put({"past": self._session, "to_s": said.position_s}, answered, first=True)
