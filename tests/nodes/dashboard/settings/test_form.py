"""The form of settings against a running graph: listed by the sensor, changed, refused, in words beside the field."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from runs.live import LiveRun, live_run
from windows.gui import picture

from liveaffect.nodes.camera import CameraNode
from liveaffect.nodes.dashboard.feed import GatewayFeed
from liveaffect.nodes.dashboard.scene.node import DashboardNode
from liveaffect.nodes.dashboard.scene.status import record_status
from liveaffect.nodes.dashboard.settings.field import SettingField
from liveaffect.nodes.dashboard.settings.form import SettingsForm
from liveaffect.stream.messages import RecordStatus

pytestmark = pytest.mark.processes

LIMIT_MS = 120_000
TABLE: dict[str, dict[str, Any]] = {
    "camera": {"type": "liveaffect.nodes.camera:CameraNode", "source": "lavfi:testsrc=size=64x48:rate=10"},
    "recorder": {"type": "liveaffect.nodes.recorder:RecorderNode"},
}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LiveRun]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    table = {**TABLE, "recorder": {**TABLE["recorder"], "folder": str(tmp_path / "session")}}
    with live_run(table) as started:
        yield started


@pytest.fixture
def feed(app: Any, run: LiveRun) -> Iterator[GatewayFeed]:
    node = DashboardNode()
    node.open()
    found = GatewayFeed(node, lambda: run.supervisor.gateway_address)
    found.start()
    yield found
    found.close()


@pytest.fixture
def form(feed: GatewayFeed, qtbot: Any) -> SettingsForm:
    return opened(feed.ask, qtbot, recording=lambda: recorder(feed).recording)


def opened(ask: Any, qtbot: Any, *, recording: Any, **more: Any) -> SettingsForm:
    made = SettingsForm(ask, recording or (lambda: False), **more)
    qtbot.addWidget(made)
    made.show()
    qtbot.waitUntil(lambda: bool(made.fields), timeout=LIMIT_MS)
    return made


def recorder(feed: GatewayFeed) -> RecordStatus:
    return record_status(feed.scene) or RecordStatus()


def type_into(form: SettingsForm, key: str, words: str) -> None:
    line = form.fields[key].widget
    line.setFocus()
    QTest.keyClick(line, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClicks(line, words)


def test_every_node_and_setting_is_there_with_its_words(form: SettingsForm) -> None:
    assert [form.nodes.item(row).text() for row in range(form.nodes.count())] == ["camera", "recorder"]
    assert set(form.fields) == {field.name for field in msgspec.structs.fields(CameraNode)}
    assert {"source", "width", "fps", "stall_s", "options"} <= set(form.fields)
    assert "0 for its own choice" in form.fields["width"].doc.text()
    assert not form.fields["options"].widget.isEnabled()
    assert not form.apply.isEnabled()
    picture(form, "settings_form")


def test_a_change_is_applied_and_the_node_runs_with_it(form: SettingsForm, run: LiveRun, qtbot: Any) -> None:
    type_into(form, "stall_s", "3.5")
    assert "process of “camera”" in form.words.text()
    picture(form, "settings_form_changed")
    QTest.keyClick(form, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "stall_s set" in form.words.text(), timeout=LIMIT_MS)
    assert run.supervisor.graph.entries["camera"].node.stall_s == 3.5  # type: ignore[attr-defined]
    qtbot.waitUntil(lambda: not form.apply.isEnabled() and form.fields["stall_s"].value() == 3.5, timeout=LIMIT_MS)


def test_the_default_is_one_click_away(form: SettingsForm, qtbot: Any) -> None:
    field = form.fields["width"]
    assert not field.reset.isVisible()
    type_into(form, "width", "320")
    assert field.reset.isVisible()
    assert "640" in field.reset.toolTip()
    QTest.mouseClick(field.reset, Qt.MouseButton.LeftButton)
    assert field.value() == 640
    assert not form.apply.isEnabled()


def test_what_is_no_number_is_said_beside_the_field_and_not_sent(form: SettingsForm, qtbot: Any) -> None:
    type_into(form, "width", "wide")
    assert form.fields["width"].error.isVisible()
    assert "whole number" in form.fields["width"].error.text()
    QTest.keyClick(form, Qt.Key.Key_Return)
    assert form.focusWidget() is form.fields["width"].widget
    picture(form, "settings_form_error")
    QTest.mouseClick(form.undo, Qt.MouseButton.LeftButton)
    assert form.fields["width"].value() == 640


def test_a_refusal_stands_beside_the_field_it_names(feed: GatewayFeed, qtbot: Any) -> None:
    def ask(verb: str, target: str = "", on_reply: Any = None, **arguments: Any) -> None:
        if arguments["action"] == "set":
            arguments["values"] = {"width": "wide"}  # as a form of another version might
        feed.ask(verb, target, on_reply, **arguments)

    form = opened(ask, qtbot, recording=False)
    type_into(form, "width", "320")
    QTest.keyClick(form, Qt.Key.Key_Return)
    error = form.fields["width"].error
    qtbot.waitUntil(error.isVisible, timeout=LIMIT_MS)
    assert "[camera] width" in error.text()
    picture(form, "settings_form_refused")
    type_into(form, "width", "640")
    assert not error.isVisible()


def test_a_refusal_that_names_no_field_stands_below(feed: GatewayFeed, qtbot: Any) -> None:
    form = opened(feed.ask, qtbot, recording=False)
    feed.ask("record", action="start")
    type_into(form, "width", "320")
    QTest.keyClick(form, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "stop the recording first" in form.words.text(), timeout=LIMIT_MS)
    assert form.apply.isEnabled(), "what was typed is kept"


def test_a_value_that_the_node_itself_refuses_is_told_and_can_be_put_right(
    feed: GatewayFeed, run: LiveRun, qtbot: Any
) -> None:
    def trouble(node: str) -> str:
        health = feed.scene.health.get(node)
        return health.error if health is not None and health.state == "node_down" else ""

    form = opened(feed.ask, qtbot, recording=False, trouble=trouble)
    good = TABLE["camera"]["source"]
    type_into(form, "source", "lavfi:nothing")
    QTest.keyClick(form, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "does not run with that" in form.words.text(), timeout=LIMIT_MS)
    qtbot.waitUntil(lambda: form.fields["source"].value() == "lavfi:nothing", timeout=LIMIT_MS)
    picture(form, "settings_form_node_refuses")
    type_into(form, "source", good)
    QTest.keyClick(form, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: feed.scene.health["camera"].state == "ok", timeout=LIMIT_MS)
    assert run.supervisor.graph.entries["camera"].node.source == good  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("kind", "typed", "words"),
    [
        ("int", "1.5", "whole number"),
        ("int", "9" * 30, "too large"),
        ("float", "loud", "a number"),
        ("float", "nan", "finite"),
        ("list", "1, 2", "a list"),
        ("list", "{}", "a list"),
    ],
)
def test_what_a_kind_of_setting_cannot_hold_is_said(app: Any, qtbot: Any, kind: str, typed: str, words: str) -> None:
    field = SettingField({"key": "k", "type": kind, "value": [1] if kind == "list" else 1})
    qtbot.addWidget(field)
    field.widget.setFocus()
    QTest.keyClick(field.widget, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(field.widget, Qt.Key.Key_Delete)
    QTest.keyClicks(field.widget, typed)
    assert words in field.error.text()
    with pytest.raises(ValueError, match=words):
        field.value()


def test_limits_are_shown_and_held(app: Any, qtbot: Any) -> None:
    spec = {"key": "fps", "type": "float", "value": 30.0, "default": 30.0, "above": 0, "at_most": 1000, "below": None}
    field = SettingField(spec)
    qtbot.addWidget(field)
    assert "number above 0 and at most 1000 · default 30" in field._about()
    for typed, words in (("0", "above 0"), ("-3", "above 0"), ("1001", "at most 1000"), ("1000", "")):
        field.widget.setText(typed)  # type: ignore[attr-defined]
        assert field.check() == (not words)
        assert words in field.error.text()


def test_an_optional_setting_can_be_emptied(app: Any, qtbot: Any) -> None:
    field = SettingField({"key": "share", "type": "float", "value": 0.5, "default": None, "optional": True})
    qtbot.addWidget(field)
    field.widget.setFocus()
    QTest.keyClick(field.widget, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(field.widget, Qt.Key.Key_Delete)
    assert field.value() is None
    choice = SettingField({"key": "c", "type": "choice", "value": None, "optional": True, "choices": ["a", "b"]})
    qtbot.addWidget(choice)
    assert choice.value() is None
    QTest.keyClick(choice.widget, Qt.Key.Key_Down)
    assert choice.value() == "a"


def test_choices_and_ticks_work_by_keyboard(form: SettingsForm, run: LiveRun, qtbot: Any) -> None:
    form.nodes.setFocus()
    QTest.keyClick(form.nodes, Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: "mesh" in form.fields)
    video = form.fields["video"].widget
    video.setFocus()
    QTest.keyClick(video, Qt.Key.Key_Down)
    QTest.keyClick(form.fields["mesh"].widget, Qt.Key.Key_Space)
    picture(form, "settings_form_recorder")
    QTest.keyClick(form, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: run.supervisor.graph.entries["recorder"].node.mesh, timeout=LIMIT_MS)  # type: ignore[attr-defined]
    assert run.supervisor.graph.entries["recorder"].node.video == "h264"  # type: ignore[attr-defined]


def test_while_recording_nothing_can_be_changed_and_the_reason_is_said(
    form: SettingsForm, feed: GatewayFeed, qtbot: Any
) -> None:
    feed.ask("record", action="start")
    qtbot.waitUntil(lambda: not form.fields["width"].isEnabled(), timeout=LIMIT_MS)
    assert "A recording runs" in form.words.text()
    assert not form.apply.isEnabled()
    picture(form, "settings_form_recording")
    feed.ask("record", action="stop")
    qtbot.waitUntil(lambda: form.fields["width"].isEnabled(), timeout=LIMIT_MS)
    assert "A recording runs" not in form.words.text()
