"""The pages of the right column: what they ask for, when, and what they show."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot
from windows import stream as made
from windows.desk import Desk
from windows.gui import picture

from liveaffect.nodes.dashboard.scene.over import OLD_REASON_NS
from liveaffect.nodes.dashboard.window import side as side_module
from liveaffect.nodes.dashboard.window.side import ASK_AGAIN_S, STANDS_S
from liveaffect.stream import messages as m
from liveaffect.stream.client.requests import Reply

pytestmark = pytest.mark.long

CUE = m.Cue(name="mouth", valence=0.3, arousal=0.1, category=0.2, units=(m.Unit(name="AU12", value=3.1, rest=0.4),))
REASON = m.Reason(
    id=0, valence=0.6, arousal=0.1, category="happiness", share=0.7, cues=(CUE,), missing=("eyes hidden",)
)


@pytest.fixture
def desk(app: Any, qtbot: QtBot) -> Iterator[Desk]:
    desk = Desk()
    qtbot.addWidget(desk.window)
    desk.window.resize(1024, 700)
    desk.window.show()
    desk.take(*made.stream(range(60), faces=2), made.health("dynamics", 59), made.health("reasons", 59))
    yield desk
    desk.window.feed.close()


def pair(p: float) -> m.Together:
    hill = tuple(0.6 * max(0.0, 1 - abs(0.2 * k - 5.8) / 2) for k in range(51))
    found = m.Following(
        windows=60, lag_s=0.8, lag_low_s=0.7, lag_high_s=0.9, peak=0.6, p=p, share=0.4, curve=hill, chance=(0.2,) * 51
    )
    return m.Together(t_ns=made.instant(59), pairs=(m.PairDynamics(first=0, second=1, seconds=150.0, valence=found),))


def test_what_a_panel_shows_is_asked_for_while_it_is_open_and_no_longer(desk: Desk) -> None:
    side = desk.window.side
    assert desk.node.panel == ()
    assert not {"dynamics", "together", "reasons"} & {topic.name for topic in desk.node.topics}
    QTest.keyClick(desk.window, Qt.Key.Key_T)
    assert set(desk.node.panel) == {"dynamics", "together"}
    QTest.keyClick(desk.window, Qt.Key.Key_W)
    assert desk.node.panel == ("reasons",)
    QTest.keyClick(desk.window, Qt.Key.Key_W)
    assert (side.page, desk.node.panel) == ("now", ())


def test_a_closed_panel_is_given_nothing_and_an_open_one_does_not_paint_what_is_hidden(desk: Desk) -> None:
    desk.take(pair(0.01), m.Dynamics(t_ns=made.instant(59), people=(m.PersonDynamics(id=0, seconds=59.0),)))
    assert desk.window.side.together._pair is None
    assert desk.window.side.moving._said is None
    desk.window.side.turn("moving")
    assert desk.window.side.together._pair is not None
    before = desk.window.circumplex.accessibleDescription()
    desk.take(*made.stream(range(60, 90), faces=2))
    assert desk.window.circumplex.accessibleDescription() == before
    desk.window.side.turn("now")
    assert desk.window.circumplex.accessibleDescription() != before


def test_who_follows_whom_is_told_apart_from_chance(desk: Desk) -> None:
    desk.window.side.turn("moving")
    desk.take(pair(0.01))
    follows = desk.window.side.together.grab().toImage()
    assert "Face 1 follows face 0 by 0.8 s" in desk.window.side.together.accessibleDescription()
    picture(desk.window, "main_together")
    desk.take(pair(0.5))
    assert "Nobody follows beyond chance" in desk.window.side.together.accessibleDescription()
    assert desk.window.side.together.grab().toImage() != follows


def test_one_person_alone_has_nobody_to_compare_with(desk: Desk) -> None:
    desk.window.side.turn("moving")
    desk.take(m.Together(t_ns=made.instant(59)), m.Dynamics(t_ns=made.instant(59)))
    assert desk.window.side.together.missing is not None
    assert "Two faces" in desk.window.side.together.missing.words
    assert desk.window.side.moving.missing is None


def test_a_click_on_the_estimate_asks_why_of_whoever_is_looked_at(desk: Desk) -> None:
    desk.window.choose(1)
    for view in (desk.window.circumplex, desk.window.emotions):
        desk.window.side.turn("now")
        desk.asked.clear()
        QTest.mouseClick(view, Qt.MouseButton.LeftButton)
        assert desk.window.side.page == "why"
        assert desk.asked[-1] == ("why", {"face": 1, "for_s": STANDS_S})
        desk.window.side.turn("now")
        assert desk.asked[-1] == ("why", {})
    desk.window.side.turn("why")
    desk.window.choose(0)
    assert desk.asked[-1] == ("why", {"face": 0, "for_s": STANDS_S})


def test_what_is_asked_of_the_reasons_ends_by_itself_unless_it_is_asked_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.window.side.turn("why")
    desk.paint()
    desk.asked.clear()
    desk.paint()
    assert desk.asked == [], "it stands"
    later = side_module.time.monotonic() + ASK_AGAIN_S + 0.1
    monkeypatch.setattr(side_module.time, "monotonic", lambda: later)
    desk.paint()
    assert desk.asked == [("why", {"face": 0, "for_s": STANDS_S})]
    assert STANDS_S > 2 * ASK_AGAIN_S, "one that is lost, or a busy window, does no harm"


def test_reasons_are_shown_evidence_first_and_old_ones_are_not(desk: Desk) -> None:
    desk.window.choose(0)
    desk.window.side.turn("why")
    assert "Nothing was measured" in desk.window.side.why.accessibleDescription()
    desk.take(m.Reasons(t_ns=made.instant(59), frame_seq=59, people=(REASON,)))
    said = desk.window.side.why.accessibleDescription()
    assert said.startswith("Mouth (AU12 lip corner puller 3.1 of 5 at rest 0.4) raises valence by 0.30: valence +0.60.")
    assert [row.name for row in desk.window.side.why._told[0].rows] == ["mouth"]
    picture(desk.window, "main_why")
    desk.take(*made.stream(range(60, 62 + OLD_REASON_NS // made.FRAME_NS), faces=2))
    assert "Nothing was measured" in desk.window.side.why.accessibleDescription()


def test_a_click_goes_from_the_cues_of_the_face_to_those_of_the_voice(desk: Desk) -> None:
    desk.window.choose(0)
    desk.window.side.turn("why")
    pitch = m.Cue(
        name="pitch", valence=0.0, arousal=0.2, category=0.1, modality="voice", value=252.0, rest=187.0, unit="Hz"
    )
    heard = m.Heard(valence=0.1, arousal=0.5, category="anger", share=0.5, cues=(pitch,))
    both = msgspec.structs.replace(REASON, heard=heard)
    view = desk.window.side.why
    desk.take(m.Reasons(t_ns=made.instant(59), frame_seq=59, people=(both,)))
    assert [one.target for one in view.shown] == ["valence", "arousal", "happiness"]
    QTest.mouseClick(view, Qt.MouseButton.LeftButton)
    assert [one.target for one in view.shown] == ["valence", "arousal", "anger"]
    assert view.shown[1].rows[0].seen == "252 Hz, usually 187"
    assert "the voice's arousal +0.50" in view.shown[1].sentence
    picture(desk.window, "main_why_voice")
    desk.take(m.Reasons(t_ns=made.instant(59), frame_seq=59, people=(REASON,)))
    assert [one.target for one in view.shown] == ["valence", "arousal", "happiness"]


def test_without_the_node_a_panel_says_how_it_is_switched_on_and_asks_nothing(desk: Desk) -> None:
    desk.scene.health.pop("reasons")
    desk.asked.clear()
    desk.window.side.turn("why")
    assert desk.window.side.why.missing is not None
    assert "--reasons" in desk.window.side.why.missing.words
    assert desk.asked == []


def test_an_answer_of_an_old_sensor_does_not_stop_the_window(desk: Desk) -> None:
    desk.answers["why"] = Reply(ok=False, text="unknown verb 'why'")
    desk.window.side.turn("why")
    desk.paint()
    assert desk.window.isVisible()


def test_shifts_and_stretches_of_discord_stand_on_the_traces(desk: Desk) -> None:
    desk.window.choose(0)
    shift = m.Shift(
        t_ns=made.instant(50), id=0, dimension="valence", at_ns=made.instant(45), before=0.1, after=0.5, certainty=0.9
    )
    other = m.Shift(
        t_ns=made.instant(50), id=1, dimension="valence", at_ns=made.instant(45), before=0.1, after=0.5, certainty=0.9
    )
    eight = (0.1, 0.7, 0.1, 0.1, 0.0, 0.0, 0.0, 0.0)
    discord = m.Discord(
        t_ns=made.instant(59),
        id=0,
        begin_ns=made.instant(20),
        end_ns=made.instant(40),
        size=0.5,
        face=eight,
        voice=eight[::-1],
    )
    desk.take(shift, other, discord)
    traces = desk.window.traces
    assert len(traces.events) == 2
    room = traces._rooms()[0]
    at = QPointF(float(traces._x(desk.scene.seconds(made.instant(45)), room)), room.center().y())
    assert "shift of valence from +0.10 to +0.50" in traces.tip_at(at)
    at = QPointF(float(traces._x(desk.scene.seconds(made.instant(30)), room)), room.center().y())
    assert "face and voice differed: face happiness, voice fear" in traces.tip_at(at)
