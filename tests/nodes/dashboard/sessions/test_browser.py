"""The card of a session and the browser of all of them, offscreen."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from made.session import recorded
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent, QFontMetricsF
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot
from windows.gui import picture

from liveaffect.nodes.dashboard.look import palette
from liveaffect.nodes.dashboard.sessions import keep
from liveaffect.nodes.dashboard.sessions.browser import SessionsBrowser
from liveaffect.nodes.dashboard.sessions.card import CardView
from liveaffect.nodes.dashboard.sessions.forms import FILMS, FORMS, menu_of
from liveaffect.nodes.dashboard.sessions.levels import NAME_SHARE, LevelsView
from liveaffect.nodes.dashboard.sessions.tools import Tools
from liveaffect.nodes.dashboard.window.dialogs import Dialogs
from liveaffect.nodes.dashboard.window.recorded import Recorded
from liveaffect.offline import session_card
from liveaffect.stream.session.info import load_info

WAIT_MS = 90_000
CARDS = (sys.executable, "-P", "-m", "liveaffect.cli.windows.cards")


class Opened:
    """Tools of which opening a session is written down."""

    def __init__(self, cards: tuple[str, ...] = CARDS) -> None:
        self.opened: list[Path] = []
        words = "import sys; print(*sys.argv[1:]); sys.exit('not written' if 'report' in sys.argv else 0)"
        self.tools = Tools(cards, (sys.executable, "-c", words), self.opened.append)


@pytest.fixture
def homeless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Sessions, the cache and what is remembered lie in a folder of the test."""
    for name in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    sessions = tmp_path / "home" / "Documents" / "liveaffect" / "sessions"
    sessions.mkdir(parents=True)
    return sessions


@pytest.fixture
def card(app: Any, qtbot: QtBot, homeless: Path) -> Iterator[tuple[CardView, Opened, Path]]:
    folder = recorded(homeless / "p01")
    told = Opened()
    view = CardView(told.tools)
    qtbot.addWidget(view)
    view.resize(620, 520)
    view.show()
    view.show_card(session_card(folder))
    yield view, told, folder
    view.show_card(None)


def test_u3_the_card_says_where_how_long_who_and_whether_it_is_whole(card: tuple[CardView, Opened, Path]) -> None:
    view, told, folder = card
    assert view.title.text() == "p01"
    assert "20 s · clear face 75\u00a0% · voice 0\u00a0%" in view.facts.text()
    assert view.verdict.text() == "Complete: everything published is in it."
    assert "P01, 15 s: valence +0.30 (+0.14 to +0.46)" in view.levels.accessibleDescription()
    assert "film on (3 s)" in view.more.text()
    assert view.place.text() == str(folder)
    assert "valence +0." in view.strip.words_at(0.3)
    assert "no face in view" in view.strip.words_at(0.9)
    view.open()
    assert told.opened == [folder]
    picture(view, "session_card")


@pytest.mark.parametrize("share", [1.0, 2.0])
def test_names_and_words_beside_numbers_stand_above_them_where_they_would_be_cut(
    app: Any, qtbot: QtBot, homeless: Path, share: float
) -> None:
    card = session_card(recorded(homeless / "p01"))
    heard = msgspec.structs.replace(card.people[0], name="a voice out of view", not_told="heard, not seen")
    card = msgspec.structs.replace(card, people=[*card.people, heard])
    palette.set_size(share)
    try:
        view = LevelsView()
        qtbot.addWidget(view)
        view.show_card(card)
        for wide, stacked in ((315, True), (900, False)):
            view.resize(round(wide * share), view.sizeHint().height())
            assert view.stacked is stacked
            view.resize(round(wide * share), view.sizeHint().height())
            small = QFontMetricsF(palette.font(0.88))
            room = view.width() * (1.0 if stacked else NAME_SHARE)
            assert small.horizontalAdvance("15 s · heard, not seen") < room
            picture(view, f"levels_{wide}_{share:.0f}")
    finally:
        palette.set_size(1.0)


def test_a_session_is_renamed_noted_and_deleted(card: tuple[CardView, Opened, Path]) -> None:
    view, _, folder = card
    changes: list[tuple[str, str]] = []
    view.changed.connect(lambda before, after: changes.append((before, after)))
    view.rename("a/b")
    assert "is no name for a folder" in view.said.text()
    recorded(folder.with_name("p02"))
    view.rename("p02")
    assert "is there already" in view.said.text()
    view.note.setPlainText("second visit")
    view.keep_note()
    assert (folder / "notes.txt").read_text("utf-8") == "second visit\n"
    view.rename("P01 first")
    assert changes[-1] == (str(folder), str(folder.with_name("P01 first")))
    view.show_card(session_card(folder.with_name("P01 first")))
    assert view.delete(for_good=True) == ""
    assert not folder.with_name("P01 first").exists()
    assert keep.delete(folder.parent, for_good=True).endswith("is no session: it is left as it is")


@pytest.mark.processes
def test_an_errand_says_what_came_of_it(card: tuple[CardView, Opened, Path], qtbot: QtBot) -> None:
    view, _, folder = card
    view.export("excel")
    assert not view.buttons["export"].isEnabled()
    qtbot.waitUntil(lambda: view.said.text().startswith("Written: export"), timeout=WAIT_MS)
    assert f"--to csv --markers --excel --out {folder.with_name('p01.csv')}" in view.said.text()
    view.report()
    qtbot.waitUntil(lambda: "not written" in view.said.text(), timeout=WAIT_MS)
    assert view.said.property("kind") == "warn"


@pytest.mark.processes
def test_the_browser_lists_searches_compares_and_takes_in_what_is_dropped(
    app: Any, qtbot: QtBot, homeless: Path, tmp_path: Path
) -> None:
    for name in ("monday", "tuesday"):
        recorded(homeless / name)
    (homeless / "tuesday" / "notes.txt").write_text("with the new lamp", "utf-8")
    broken = recorded(homeless / "wednesday")
    (broken / "session.json").write_bytes(b"{")
    elsewhere = recorded(tmp_path / "stick" / "from afar")
    told = Opened()
    browser = SessionsBrowser(told.tools)
    qtbot.addWidget(browser)
    browser.show()
    items = lambda: [browser.list.item(row) for row in range(browser.list.count())]  # noqa: E731
    qtbot.waitUntil(lambda: len(items()) == 3 and all(i.data(257) or i.data(258) for i in items()), timeout=WAIT_MS)
    shown = lambda: sorted(item.text() for item in items() if not item.isHidden())  # noqa: E731
    browser.search.setText("lamp p01")
    assert shown() == ["tuesday"]
    browser.search.setText("recover")
    assert shown() == ["wednesday"]
    browser.search.setText("lamp p01")
    QTest.keyClick(browser.list, Qt.Key.Key_Home)
    here = browser.list.currentItem()
    assert here is not None
    assert here.text() == "tuesday", "Enter opens what is seen, not what the search hides"
    browser.search.clear()
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(elsewhere / "session.mcap"))])
    browser.dropEvent(QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton,
                                 Qt.KeyboardModifier.NoModifier))  # fmt: skip
    assert "from afar" in shown()
    assert keep.recent() == [str(elsewhere)]
    browser.list.clearSelection()
    for item in items():
        item.setSelected(item.text() in ("monday", "tuesday"))
    qtbot.waitUntil(lambda: all(view.card is not None for view in browser.views), timeout=WAIT_MS)
    assert {view.title.text() for view in browser.views} == {"monday", "tuesday"}
    assert browser.views[1].isVisible()
    urls = browser.list.mimeData(browser.list.selectedItems()).urls()
    assert {Path(url.toLocalFile()).name for url in urls} == {"monday", "tuesday"}
    qtbot.waitUntil(lambda: all(i.data(257) or i.data(258) for i in items()), timeout=WAIT_MS)
    picture(browser, "sessions_browser")
    browser.done(0)


@pytest.mark.processes
def test_a_reader_that_dies_over_a_session_goes_on_with_the_next(app: Any, qtbot: QtBot, homeless: Path) -> None:
    code = (
        "import json, os, sys\n"
        "for line in sys.stdin:\n"
        "    asked = json.loads(line)\n"
        "    if 'bad' in str(asked): os.abort()\n"
        "    print(json.dumps({'card': asked.get('card'), 'trouble': 'as asked'}), flush=True)\n"
    )
    from liveaffect.nodes.dashboard.sessions.tools import Cards

    cards = Cards((sys.executable, "-c", code))
    came: list[tuple[str, str]] = []
    cards.came.connect(lambda path, _card, why: came.append((path, why)))
    for path in ("a", "bad", "b"):
        cards.ask(path)
    qtbot.waitUntil(lambda: len(came) == 3, timeout=WAIT_MS)
    assert [path for path, _ in came] == ["a", "bad", "b"]
    assert "recover" in came[1][1]
    assert came[2][1] == "as asked"
    cards.close()


def test_u3_the_card_comes_when_a_recording_has_ended_and_not_while_the_sensor_only_hangs(
    app: Any, qtbot: QtBot, homeless: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = recorded(homeless / "p01")
    shown: list[Path] = []
    recorder = Recorded(browser_parent(qtbot), _Nothing(), Opened().tools)  # type: ignore[arg-type]
    monkeypatch.setattr(recorder, "card", shown.append)
    info = load_info(folder)
    info.state = "RECORDING"
    monkeypatch.setattr(type(info), "alive", property(lambda self: self.state == "RECORDING"))
    info.save(folder)
    recorder.note(True, str(folder), here=True)
    recorder.note(False, "", here=True)
    assert shown == [], "its recorder is still there"
    info.state = "COMPLETE"
    info.save(folder)
    recorder.note(False, "", here=True)
    assert shown == [folder]
    recorder.note(False, "", here=True)
    assert shown == [folder]


class _Nothing(Dialogs):
    def __init__(self) -> None: ...


def browser_parent(qtbot: QtBot) -> Any:
    from PySide6.QtWidgets import QWidget

    widget = QWidget()
    qtbot.addWidget(widget)
    return widget


def test_the_menu_has_every_form_of_export_and_films_only_where_pictures_were_stored(
    card: tuple[CardView, Opened, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from liveaffect.offline.formats.write import ENDINGS

    view, _, folder = card
    assert {form.told[1] for form in FORMS.values()} == ENDINGS.keys()
    for form in FORMS.values():
        assert form.ending.endswith(ENDINGS[form.told[1]].rpartition(".")[2])
    asked: list[list[str]] = []
    monkeypatch.setattr(view, "_run", lambda _button, words, *_: asked.append(words))
    assert view.card is not None
    for stored, films in (([], False), (["video h264"], True)):
        menu = menu_of(view, msgspec.structs.replace(view.card, stored=stored), view.export)
        entries = {action.text(): action for action in menu.actions()}
        assert [entries[FORMS[name].words].isEnabled() for name in FILMS] == [films, films]
        assert ("no pictures were stored in this session" in entries) is not films
    entries["ELAN (.eaf)"].trigger()
    assert asked == [["export", str(folder), "--to", "elan", "--out", f"{folder}.eaf"]]
