"""More than one voice at once is said in the window's Evidence view."""

from typing import Any

import pytest
from PySide6.QtGui import QPainter, QPixmap
from windows import stream as made

from liveaffect.nodes.dashboard.look.palette import colours
from liveaffect.nodes.dashboard.window.main import MainWindow
from liveaffect.stream import messages as m


class Writer(QPainter):
    """Keeps the words that are painted."""

    words: list[str]

    def drawText(self, *args: Any) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        self.words.append(args[-1])
        return super().drawText(*args)


def painted(window: MainWindow) -> list[str]:
    window.presenter.plots()
    shot = QPixmap(window.weights.size())
    writer = Writer(shot)
    writer.words = []
    window.weights.live(writer, colours())
    writer.end()
    return writer.words


@pytest.mark.parametrize(
    ("state", "said"), [("more_voices", "more than one voice"), ("silence", "silence"), ("ok", "does not speak")]
)
def test_more_than_one_voice_stands_where_the_voice_has_no_share(
    small_window: MainWindow, state: m.State, said: str
) -> None:
    for message in made.stream(range(30)):
        small_window.feed.node.take(message)
    unheard = made.person(30, voice_weight=0.0)
    small_window.feed.node.take(made.affect(30, (unheard,), voice_state=state))
    words = painted(small_window)
    assert said in words
    assert ("more than one voice" in words) is (state == "more_voices")
