"""What has to be read can be read: figures hold still, nothing covers words or is cut, keys lead out of fields."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPixmap
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLayout
from windows import stream as made
from windows.gui import picture

from liveaffect.models.circumplex import CIRCUMPLEX
from liveaffect.nodes.dashboard.look import palette
from liveaffect.nodes.dashboard.look.help_sheet import HelpSheet
from liveaffect.nodes.dashboard.look.hold import READ_S, Hold
from liveaffect.nodes.dashboard.look.palette import colours, font, px, set_size, set_theme, zoom
from liveaffect.nodes.dashboard.start import preferences
from liveaffect.nodes.dashboard.views import weights
from liveaffect.nodes.dashboard.window.main import MainWindow
from liveaffect.nodes.dashboard.window.view_menu import dress
from liveaffect.stream import messages as m
from liveaffect.stream.client.requests import Reply

pytestmark = pytest.mark.long

FRAME_S = 1 / 15


@pytest.fixture
def window(app: Any, small_window: MainWindow) -> Iterator[MainWindow]:
    yield small_window
    set_size(1.0)
    set_theme("light")
    zoom(app, 1.0)


def test_u10_figures_change_two_or_three_times_a_second_and_curves_at_every_paint(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr(Hold, "clock", staticmethod(lambda: now[0]))
    shown: list[tuple[Any, ...]] = []
    curves: list[float] = []
    for i in range(90):
        for message in made.stream(range(2 * i, 2 * i + 2)):
            window.feed.node.take(message)
        window.presenter.plots()
        numbers = tuple(round(p, 3) for p in window.emotions._figures or ())
        shown.append((window.traces._newest, numbers, window.weights._figures, window.voice._numbers()[1]))
        curves.append(float(window.traces._t[-1]))
        now[0] += FRAME_S
    changes = sum(one[0] != other[0] for one, other in itertools.pairwise(shown))
    assert 10 <= changes <= 90 * FRAME_S * 3
    assert len(set(curves)) == 90
    assert 1 / READ_S < 3


def test_a_number_that_goes_missing_is_not_held_back() -> None:
    now = [0.0]
    hold: Hold[float | None] = Hold()
    hold.clock = lambda: now[0]  # type: ignore[assignment]
    assert hold(1.0, "there") == 1.0
    assert hold(2.0, "there") == 1.0
    assert hold(None, "gone") is None
    now[0] += READ_S
    assert hold(3.0, "gone") == 3.0


def test_u10_an_ellipse_at_the_rim_is_whole_and_no_word_of_the_axes_is_covered(window: MainWindow) -> None:
    view = window.circumplex
    for valence, arousal in ((0.95, 0.0), (-0.95, 0.1), (0.0, 0.95), (0.0, -0.95)):
        window.feed.node.take(
            made.affect(0, (made.person(0, valence=valence, arousal=arousal, valence_sd=0.1, arousal_sd=0.1),))
        )
        window.presenter.plots()
        at = view._at(valence, arousal)
        half = view._disk.width() / 2 * 0.1 * 2.146
        for x, y in (
            (at.x() - half, at.y()),
            (at.x() + half, at.y()),
            (at.x(), at.y() - half),
            (at.x(), at.y() + half),
        ):
            inside = view.rect().adjusted(3, 3, -3, -3).contains(int(x), int(y))
            assert inside, f"the ellipse of {valence} {arousal} leaves the card"
    picture(view, "circumplex_rim")


def words_of_the_circumplex(window: MainWindow) -> list[QRectF]:
    """Where the words of the axes and the names stand."""
    view = window.circumplex
    line, disk = view.title_height, view._disk
    wide = disk.width()
    axes = [
        QRectF(disk.left(), disk.center().y(), wide, line + 2),
        QRectF(disk.left(), disk.top() - line - 1, wide, line), QRectF(disk.left(), disk.bottom() + 1, wide, line),
    ]  # fmt: skip
    high = px(14)
    for valence, arousal in CIRCUMPLEX[1:]:
        at = view._at(float(valence), float(arousal))
        axes.append(QRectF(at.x() - px(30), at.y() - high, px(60), 2 * high))
    return axes


@pytest.mark.parametrize("share", [1.0, 2.0])
@pytest.mark.parametrize("size", [(1024, 700), (1280, 800), (3840, 2160)])
def test_u10_names_of_categories_touch_neither_each_other_nor_the_axis(
    app: Any, window: MainWindow, size: tuple[int, int], share: float
) -> None:
    window.resize(*size)
    set_size(share)
    window._rescale()
    app.processEvents()
    view = window.circumplex
    _, rooms = view._names()
    found = [room for _, room in rooms.values() if not room.isEmpty()]
    assert len(found) == 7 or (share > 1 and size[0] < 2000), "only large type on a small screen leaves too little room"
    assert len(found) >= 5
    assert not any(one.intersects(other) for one, other in itertools.combinations(found, 2))
    assert all(QRectF(view.rect()).contains(room) for room in found)


@pytest.mark.parametrize("size", [(1024, 700), (1280, 800), (1920, 1080)])
def test_u10_the_words_why_there_is_no_point_cover_neither_axis_words_nor_names(
    window: MainWindow, size: tuple[int, int]
) -> None:
    window.resize(*size)
    window.presenter.plots()
    view = window.circumplex
    assert view._words == "waiting for the first estimate"
    shot = QPixmap(view.size())
    painter = QPainter(shot)
    drawn: list[QRectF] = []
    painter_rect = painter.drawRoundedRect

    class Noting:
        def __getattr__(self, name: str) -> Any:
            return getattr(painter, name)

        def drawRoundedRect(self, place: QRectF, *more: Any) -> None:
            drawn.append(QRectF(place))
            painter_rect(place, *more)

    view._paint_words(Noting(), colours())  # type: ignore[arg-type]
    painter.end()
    (place,) = drawn
    assert QRectF(view.rect()).contains(place)
    covered = [word for word in words_of_the_circumplex(window) if word.intersects(place)]
    assert covered == []


@pytest.mark.parametrize(("size", "share"), [((1024, 700), 1.0), ((2048, 1400), 2.0)])
def test_u10_no_sentence_is_cut_at_1024_by_700_and_at_200_percent(
    app: Any, window: MainWindow, size: tuple[int, int], share: float
) -> None:
    window.resize(*size)
    set_size(share)
    window._rescale()
    for message in made.stream(range(60)):
        window.feed.node.take(message)
    quiet = made.person(0, voice_weight=0.0, speaking_prob=0.9)
    window.feed.node.take(made.affect(60, (quiet,)))
    window.presenter.plots()
    window.presenter.picture()
    window.refresh_status()
    window.grab()
    app.processEvents()
    assert window.controls.record_button.fontMetrics().height() == window.fontMetrics().height()
    room = window.weights._beside(window.weights._rows()[0]).width()
    assert all(QFontMetricsF(font(bold=True)).horizontalAdvance(words) <= room for words in weights.LONGEST)
    voice = window.voice._rooms()[0]
    for words in ("no sound", "4.00 sone", "500 Hz", "100 %", "silence"):
        assert QFontMetricsF(font(bold=True)).horizontalAdvance(words) <= voice.left() - window.voice.inner.left() - px(
            58
        )
    for button in window.controls.findChildren(type(window.controls.record_button)):
        if button.isVisible():
            assert button.width() >= button.minimumSizeHint().width() - 1, f"“{button.text()}” is cut"
    window.status.say("a sentence that is far too long for its line " * 6)
    assert window.status.words.text().endswith("…")
    assert window.status.words.toolTip().endswith("line ")
    picture(window, f"main_{size[0]}x{size[1]}_{share:.0%}".replace("%", ""))


def test_u10_escape_leaves_a_field_before_it_does_anything_else(window: MainWindow) -> None:
    for message in made.stream(range(5), faces=2):
        window.feed.node.take(message)
    window.choose(1)
    QTest.keyClick(window, Qt.Key.Key_M)
    assert window.focusWidget() is window.controls.label
    QTest.keyClick(window.controls.label, Qt.Key.Key_Escape)
    assert window.focusWidget() is not window.controls.label
    assert window.scene.pinned == 1
    QTest.keyClick(window, Qt.Key.Key_Escape)
    assert window.scene.pinned is None


def test_theme_and_size_are_chosen_in_a_menu_and_remembered(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(preferences, "config_file", lambda: tmp_path / "desktop.json")
    preferences.save(preferences.Preferences(camera="3", chosen=True))
    before = QFontMetricsF(font()).height()
    next(action for action in window.view_menu.sizes if action.text() == "150 %").trigger()
    assert QFontMetricsF(font()).height() > 1.3 * before
    next(action for action in window.view_menu.themes if action.text() == "Dark").trigger()
    assert colours().name == "dark"
    kept, _ = preferences.load()
    assert (kept.theme, kept.size, kept.camera) == ("dark", 1.5, "3")
    set_theme("light")
    set_size(1.0)
    dress()
    assert (colours().name, palette.size()) == ("dark", 1.5)


def test_room_grows_with_the_type_and_comes_back_with_it(app: Any, window: MainWindow) -> None:
    def room() -> list[int]:
        layouts = [window.layout(), *window.findChildren(QLayout)]
        found = [
            layout.contentsMargins().left() + max(0, layout.spacing())
            for layout in layouts
            if layout and layout.parentWidget().window() is window
        ]
        button = window.controls.record_button
        return [*found, button.minimumSizeHint().width() - button.fontMetrics().horizontalAdvance(button.text())]

    first = room()
    for share in (2.0, 1.5, 2.0):
        set_size(share)
        window._rescale()
        wide = room()
    assert all(1.4 < large / small < 1.9 for large, small in zip(wide, first, strict=True) if small > 5)
    assert wide[-1] > first[-1] + 8, "padding of the style sheet"
    sheet = HelpSheet((("B", "neutral baseline"),), window)
    wide = [layout.contentsMargins().left() for layout in sheet.findChildren(QLayout)]
    set_size(1.0)
    window._rescale()
    assert room() == first
    small = [layout.contentsMargins().left() for layout in sheet.findChildren(QLayout)]
    assert max(wide) > max(small) > 0, "also what is opened later, and it follows too"


def test_everybodys_traces_are_drawn_in_their_colours_and_each_has_one(window: MainWindow) -> None:
    for message in made.stream(range(60), faces=3):
        window.feed.node.take(message)
    window.view_menu.all_traces.setChecked(True)
    window.presenter.plots()
    window.presenter.picture()
    assert [other[0] for other in window.traces._others] == [1, 2]
    shot = window.traces.grab().toImage()
    seen = {shot.pixel(x, y) & 0xFFFFFF for x in range(shot.width()) for y in range(0, shot.height(), 2)}
    assert palette.of_person(1).rgb() & 0xFFFFFF in seen
    assert len({palette.of_person(n).name() for n in range(6)}) == 6
    assert all(not button.icon().isNull() for button in window.people._buttons)
    picture(window, "main_everybody")
    window.view_menu.all_traces.setChecked(False)
    window.presenter.plots()
    assert window.traces._others == []


def test_one_participant_is_a_switch_of_the_face_node(window: MainWindow) -> None:
    asked: list[tuple[str, dict[str, Any]]] = []
    answers = {"list": Reply(ok=True, facts={"nodes": {"face": [{"key": "people", "value": 1}]}})}

    def ask(verb: str, target: str = "", on_reply: Any = None, **arguments: Any) -> None:
        asked.append((verb, arguments))
        on_reply(answers.get(arguments.get("action", ""), Reply(ok=True, text="set")))

    window.feed.ask = ask  # type: ignore[method-assign]
    window.view_menu.open()
    assert window.view_menu.one.isEnabled()
    assert window.view_menu.one.isChecked()
    window.view_menu.one.trigger()
    assert asked[-1] == ("settings", {"action": "set", "node": "face", "values": {"people": 0}})
    assert window.status.words.whole == "set"
    window.view_menu.menu_.close()


def test_an_assistant_is_allowed_in_the_menu_and_the_window_says_so(window: MainWindow) -> None:
    on = [False]

    def ask(verb: str, target: str = "", on_reply: Any = None, **arguments: Any) -> None:
        if verb == "assistant":
            on[0] = arguments.get("on", on[0])
            on_reply(Reply(ok=True, text="allowed", facts={"on": on[0]}))

    def shown() -> bool:
        status = m.GatewayStatus(assistant=on[0])
        window.feed.node.take(made.health("gateway", 1, process="supervisor", status=status))
        window.refresh_status()
        return not window.status.figures["assistant"].isHidden()

    window.feed.ask = ask  # type: ignore[method-assign]
    assert not shown()
    window.view_menu.open()
    assert not window.view_menu.assistant.isChecked()
    window.view_menu.assistant.trigger()
    assert window.status.words.whole == "allowed"
    assert shown()
    assert window.status.figures["assistant"].text() == "assistant may read"
    picture(window, "main_assistant")
    window.view_menu.assistant.trigger()
    assert not shown()
    window.view_menu.menu_.close()
