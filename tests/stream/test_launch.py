"""Launch files laid over each other, words typed after --set, ranges, and modules of the user's own that break."""

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from liveaffect.stream import topics
from liveaffect.stream.errors import LaunchError, UsageError
from liveaffect.stream.graph import build_graph, load_graph
from liveaffect.stream.launch import _deprecated
from liveaffect.stream.live.settings import settings_of, with_settings
from liveaffect.stream.lockstep import run_nodes
from liveaffect.stream.messages import FaceObservation, Message

COUNTER = {"type": "toy_nodes:Counter"}
CAMERA = {"type": "liveaffect.nodes.camera:CameraNode"}
YAWN = '''"""A node of one's own."""
from liveaffect.stream.messages import FaceObservation, Message
from liveaffect.stream.node import Node, on
from liveaffect.stream.topics import FACE, Topic


class Yawn(Message):
    wide: bool


YAWN = Topic("test/yawn", Yawn, rate_hz=30)


class YawnRate(Node):
    least: float = 0.5

    @on(FACE, emits=YAWN)
    def step(self, seen: FaceObservation) -> Yawn:
        return Yawn(t_ns=seen.t_ns, wide=True)
'''


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for modules and launch files; what they declare is forgotten afterwards."""
    rows, by_message = dict(topics.REGISTRY), dict(topics._BY_MESSAGE)
    modules, paths = set(sys.modules), list(sys.path)
    yield tmp_path
    for name in set(sys.modules) - modules:
        del sys.modules[name]
    sys.path[:] = paths
    topics.REGISTRY.clear()
    topics.REGISTRY.update(rows)
    topics._BY_MESSAGE.clear()
    topics._BY_MESSAGE.update(by_message)


def _refused(table: dict[str, Any], *overrides: str) -> str:
    with pytest.raises(LaunchError) as caught:
        build_graph(table, overrides, origin="x.toml")
    return str(caught.value)


@pytest.mark.parametrize(
    ("typed", "source"),
    [("1", "1"), ("007", "007"), ("true", "true"), ("2026-11-29", "2026-11-29"), ("1e3", "1e3"), ('"a b"', "a b"),
     ("clip.mp4", "clip.mp4"), ("[x]", "[x]"), ("", ""), ("a=b", "a=b")],
)  # fmt: skip
def test_what_is_typed_for_text_is_text(typed: str, source: str) -> None:
    graph = build_graph({"camera": CAMERA}, [f"camera.source={typed}"])
    assert graph.entries["camera"].node.source == source  # type: ignore[attr-defined]


def test_what_is_typed_for_a_number_is_a_number() -> None:
    graph = build_graph({"camera": CAMERA}, ["camera.fps=25", "camera.loop=true", " camera . width = 320 "])
    camera = graph.entries["camera"].node
    assert (camera.fps, camera.loop, camera.width) == (25.0, True, 320)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("camera.fps=fast", "--set camera.fps=fast: [camera] fps = 'fast': expected `float`, got `str`"),
        ("camera.fsp=3", "--set camera.fsp=3: [camera] has no key 'fsp'; did you mean 'fps'?"),
        ("camera.fps=-3", "--set camera.fps=-3: [camera] fps = -3: must be above 0"),
        ("camera.fps=inf", "--set camera.fps=inf: [camera] fps = inf: must be at most 1000"),
        ("camera.enabled=no", "--set camera.enabled=no: [camera] enabled = 'no': use true or false"),
        ("camera.process=a/b", "--set camera.process=a/b: [camera] process = 'a/b': use a name"),
        ("graph.hang_s=0", "--set graph.hang_s=0: [graph] hang_s = 0: must be above 0"),
        ("kamera.fps=3", "--set kamera.fps=3: there is no node 'kamera'; did you mean 'camera'?"),
        ("camera=3", "--set camera=3: write node.key=value"),
    ],
)
def test_a_mistake_is_named_as_it_was_typed(typed: str, words: str) -> None:
    said = _refused({"camera": CAMERA}, typed)
    assert said.startswith(words)
    assert "x.toml" not in said


def test_a_mistake_of_the_file_is_named_by_the_file_whatever_was_typed() -> None:
    said = _refused({"camera": {**CAMERA, "fps": -1.0}}, "camera.width=320")
    assert said == "x.toml: [camera] fps = -1.0: must be above 0"


@pytest.mark.parametrize("value", [float("inf"), float("-inf"), float("nan")])
def test_no_setting_of_any_node_takes_what_is_no_number(value: float) -> None:
    graph = load_graph(_default())
    tried = 0
    for name, entry in graph.entries.items():
        for setting in settings_of(entry.node):
            if setting.type == "float":
                tried += 1
                with pytest.raises(LaunchError, match=rf"\[{name}\] {setting.key} = "):
                    with_settings(graph, name, {setting.key: value})
    assert tried > 5
    for key in ("wait_s", "hang_s", "start_s"):
        assert f"[graph] {key} = " in _refused({"counter": COUNTER, "graph": {key: value}})


def test_every_number_of_the_default_graph_has_a_limit_below() -> None:
    graph = load_graph(_default())
    free = [
        f"{name}.{setting.key}"
        for name, entry in graph.entries.items()
        for setting in settings_of(entry.node)
        if setting.type in ("int", "float") and setting.above is None and setting.at_least is None
    ]
    assert free == []


def test_limits_are_told_to_a_form() -> None:
    found = {s.key: s for s in settings_of(build_graph({"camera": CAMERA}).entries["camera"].node)}
    assert (found["fps"].above, found["fps"].at_most, found["fps"].at_least) == (0, 1000, None)
    assert (found["width"].at_least, found["width"].type) == (0, "int")


def _default() -> Path:
    from liveaffect.offline.scoring.pipeline import DEFAULT_GRAPH

    return DEFAULT_GRAPH


def test_a_file_of_ones_own_is_laid_over_the_default_graph(own: Path) -> None:
    (own / "test_yawn_a.py").write_text(YAWN, "utf-8")
    (own / "yawn.toml").write_text(
        '[yawn]\ntype = "test_yawn_a:YawnRate"\nprocess = "face"\n[camera]\nfps = 15.0\n', "utf-8"
    )
    graph = load_graph(_default(), ["camera.width=320"], more=[own / "yawn.toml"])
    assert len(graph.entries) == len(load_graph(_default()).entries) + 1
    assert graph.depth["test/yawn"] == 2
    camera = graph.entries["camera"].node
    assert (camera.fps, camera.width, camera.source) == (15.0, 320, "0")  # type: ignore[attr-defined]


def test_a_file_may_extend_the_default_graph_or_another_file(own: Path) -> None:
    (own / "base.toml").write_text('extends = "default"\n[microphone]\nenabled = false\n[voice]\nenabled = false\n'
                                   '[voice_affect]\nenabled = false\n', "utf-8")  # fmt: skip
    (own / "mine.toml").write_text('extends = "base.toml"\n[camera]\nwidth = 320\n', "utf-8")
    graph = load_graph(own / "mine.toml")
    assert set(graph.entries) == {"camera", "face", "face_affect", "fusion", "baseline", "attention", "recorder"}
    assert graph.entries["camera"].node.width == 320  # type: ignore[attr-defined]


def test_the_default_graph_does_without_a_camera_and_without_a_microphone() -> None:
    blind = load_graph(_default(), [f"{name}.enabled=false" for name in ("camera", "face", "face_affect")])
    assert "voice_affect" in blind.entries
    deaf = load_graph(_default(), [f"{name}.enabled=false" for name in ("microphone", "voice", "voice_affect")])
    assert "face_affect" in deaf.entries


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('extends = "x.toml"\n', "comes back to a file that extends it"),
        ("extends = 3\n", 'extends = 3: use "default" or the path of a launch file'),
        ('extends = "nothing.toml"\n', "nothing.toml does not exist"),
    ],
)
def test_what_cannot_be_extended_is_said(own: Path, text: str, words: str) -> None:
    (own / "x.toml").write_text(text, "utf-8")
    with pytest.raises(LaunchError, match=r"x\.toml: extends") as caught:
        load_graph(own / "x.toml")
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("import math\nmath.nothing\n", ["AttributeError: module 'math' has no attribute 'nothing'", "line 2"]),
        ("def f(:\n", ["SyntaxError: invalid syntax", "line 1", "def f(:"]),
        ("import no_such_package.deep\n", ["ModuleNotFoundError: No module named 'no_such_package'", "line 1"]),
        ("x = 1\nraise ValueError('wrong')\n", ["ValueError: wrong", "line 2"]),
        ("raise SystemExit(3)\n", ["SystemExit: 3", "line 1"]),
        ("class A:\n    b = {}['k']\n", ["KeyError: 'k'", "line 2", "b = {}['k']"]),
        ("from liveaffect.stream.topics import *\nfrom liveaffect.stream.messages import Affect\n"
         "Topic('other', Affect, rate_hz=1)\n", ["UsageError: Affect already belongs to topic 'affect'", "line 3"]),
    ],
)  # fmt: skip
def test_what_a_module_raises_is_shown_with_its_type_and_line(own: Path, body: str, words: list[str]) -> None:
    (own / "test_broken_a.py").write_text(body, "utf-8")
    (own / "x.toml").write_text('[mine]\ntype = "test_broken_a:Mine"\n', "utf-8")
    with pytest.raises(LaunchError) as caught:
        load_graph(own / "x.toml")
    said = str(caught.value)
    assert said.startswith(f'{own / "x.toml"}: [mine] type = "test_broken_a:Mine" cannot be imported: ')
    for word in [*words, "test_broken_a.py"]:
        assert word in said
    assert "is not in test_broken_a" not in said


def test_a_module_of_ones_own_may_be_imported_under_a_second_name(own: Path) -> None:
    (own / "test_yawn_b.py").write_text(YAWN.replace("test/yawn", "test/yawn-b"), "utf-8")
    (own / "yawn.toml").write_text('extends = "default"\n[yawn]\ntype = "test_yawn_b:YawnRate"\n', "utf-8")
    load_graph(own / "yawn.toml")
    spec = importlib.util.spec_from_file_location("tests.of.test_yawn_b", own / "test_yawn_b.py")
    assert spec is not None
    assert spec.loader is not None
    again = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(again)
    answers = run_nodes(again.YawnRate(), inputs=[FaceObservation(t_ns=7, seq=0, frame_seq=0)], of=again.Yawn)
    assert [answer.t_ns for answer in answers] == [7]
    assert load_graph(own / "yawn.toml").depth["test/yawn-b"] == 2


def test_one_name_from_two_places_is_refused_and_both_are_named(own: Path) -> None:
    for name in ("test_one_a", "test_two_a"):
        (own / f"{name}.py").write_text(YAWN.replace("test/yawn", "test/yawn-c"), "utf-8")
        (own / f"{name}.toml").write_text(f'extends = "default"\n[{name}]\ntype = "{name}:YawnRate"\n', "utf-8")
    load_graph(own / "test_one_a.toml")
    with pytest.raises(LaunchError, match="declared twice") as caught:
        load_graph(own / "test_two_a.toml")
    assert "test_one_a.py" in str(caught.value)
    assert "test_two_a.py" in str(caught.value)


def test_a_cell_that_is_run_again_declares_its_topic_anew() -> None:
    class Cell(Message):
        """A message of a notebook."""

    before = dict(topics.REGISTRY)
    scope: dict[str, Any] = {}
    for _ in range(2):
        scope = {"__name__": "__main__", "Message": Message, "Topic": topics.Topic}
        code = "class Cell(Message):\n    x: int = 0\nCELL = Topic('test/cell', Cell, rate_hz=1)"
        exec(compile(code, f"<cell {_}>", "exec"), scope)
    assert topics.REGISTRY["test/cell"] is scope["CELL"]
    with pytest.raises(UsageError, match="declared twice"):
        topics.Topic("test/cell", Cell, rate_hz=1)
    topics.REGISTRY.clear()
    topics.REGISTRY.update(before)


def test_answers_of_one_kind_can_be_asked_for() -> None:
    from toy_nodes import Adder, Count, Delay, Slow, Sum

    counts = [Count(t_ns=n * 20_000_000, seq=n, number=n) for n in range(10)]
    everything = run_nodes(Delay(), Adder(), inputs=counts)
    slow = run_nodes(Delay(), Adder(), inputs=counts, of=Slow)
    sums = run_nodes(Delay(), Adder(), inputs=counts, of=Sum)
    assert {type(message) for message in everything} == {Slow, Sum}
    assert [message.number for message in slow] == list(range(10))
    assert len(sums) == 10


def test_a_link_that_was_checked_out_as_a_file_is_followed(own: Path) -> None:
    (own / "offline").mkdir()
    (own / "launch.toml").write_text('[counter]\ntype = "toy_nodes:Counter"\n', "utf-8")
    (own / "offline" / "launch.toml").write_text("../launch.toml", "utf-8")
    assert list(load_graph(own / "offline" / "launch.toml").entries) == ["counter"]


def test_a_word_that_is_none_of_those_allowed_is_told_which_they_are() -> None:
    recorder = {"type": "liveaffect.nodes.recorder:RecorderNode"}
    said = _refused({"recorder": {**recorder, "video": "mpeg"}})
    assert "video = 'mpeg': it can be" in said
    assert "'h264'" in said
    assert "'lossless'" in said


@pytest.mark.parametrize("old", ["camera:Camera", "fusion:Fusion", "voice_affect:VoiceAffect", "terminal:Terminal"])
def test_a_node_by_its_name_of_before_is_read_and_called_deprecated(old: str, caplog: pytest.LogCaptureFixture) -> None:
    _deprecated.cache_clear()
    table = {"mine": {"type": f"liveaffect.nodes.{old}"}}
    build_graph(table, origin="x.toml", partial=True)
    graph = build_graph(table, origin="x.toml", partial=True)
    assert graph.entries["mine"].type == f"liveaffect.nodes.{old}Node"
    assert type(graph.entries["mine"].node).__name__ == f"{old.partition(':')[2]}Node"
    (said,) = caplog.messages
    assert f'x.toml: [mine] type = "liveaffect.nodes.{old}" is deprecated: write liveaffect.nodes.{old}Node' in said


def test_todays_names_are_not_called_deprecated(caplog: pytest.LogCaptureFixture) -> None:
    assert build_graph({"camera": CAMERA}).entries["camera"].type == CAMERA["type"]
    assert not caplog.messages


def test_a_users_own_class_has_no_other_name(own: Path) -> None:
    (own / "yawns.py").write_text(YAWN.replace("YawnRate", "YawnNode"), "utf-8")
    (own / "launch.toml").write_text('[yawn]\ntype = "yawns:Yawn"\n', "utf-8")
    with pytest.raises(LaunchError, match="is not a Node"):
        load_graph(own / "launch.toml")
