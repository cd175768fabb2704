"""The one stream order: what is held, what pushes, what is late."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from paths import ROOT

from liveaffect.stream import messages as m
from liveaffect.stream.graph import load_graph
from liveaffect.stream.order import StreamOrder, order_key
from liveaffect.stream.topics import FACE, FACE_AFFECT, TICK, VOICE, VOICE_AFFECT, Topic


class _Rare(m.Message):
    """A message of a topic that comes less than once a second."""


DEPTH = {"face/observation": 1, "face/affect": 2, "voice/descriptors": 1, "voice/affect": 2}
MS = 1_000_000


def _face(ms: float, seq: int = 0) -> m.FaceAffect:
    return m.FaceAffect(t_ns=int(ms * MS), seq=seq, frame_seq=seq)


def _voice(ms: float, seq: int = 0) -> m.VoiceDescriptors:
    return m.VoiceDescriptors(t_ns=int(ms * MS), seq=seq)


def _order(*inputs: Topic[Any]) -> StreamOrder:
    return StreamOrder(inputs, DEPTH)


def test_a_message_with_a_delay_waits_until_stream_time_has_passed_its_slot() -> None:
    order = _order(FACE_AFFECT, VOICE)
    assert list(order.push(VOICE, _voice(100)) or ()) == []
    assert [t.name for t, _ in order.push(FACE_AFFECT, _face(340)) or ()] == ["face/affect"]
    assert [t.name for t, _ in order.push(FACE_AFFECT, _face(360, 1)) or ()] == ["voice/descriptors", "face/affect"]


def test_what_comes_after_its_slot_is_late() -> None:
    order = _order(FACE_AFFECT, VOICE)
    assert list(order.push(FACE_AFFECT, _face(400)) or ())
    assert order.push(VOICE, _voice(149)) is None
    assert order.push(VOICE, _voice(151)) is not None


def test_of_two_prompt_inputs_the_deeper_one_pushes() -> None:
    order = _order(FACE, FACE_AFFECT)
    observed = m.FaceObservation(t_ns=10 * MS, seq=0, frame_seq=0)
    assert list(order.push(FACE, observed) or ()) == []
    assert [t.name for t, _ in order.push(FACE_AFFECT, _face(10)) or ()] == ["face/observation", "face/affect"]


def test_a_tick_pushes_and_stands_after_everything_of_its_instant() -> None:
    order = _order(FACE_AFFECT, VOICE, TICK)
    list(order.push(VOICE, _voice(0)) or ())
    due = list(order.push(TICK, m.Tick(t_ns=250 * MS, seq=0)) or ())
    assert [t.name for t, _ in due] == ["voice/descriptors", "tick"]
    assert order.slot_ns == 250 * MS


def test_e21_two_messages_of_one_place_come_in_order_of_arrival() -> None:
    order = _order(FACE_AFFECT, VOICE)
    first, second = _voice(0, 7), _voice(0, 7)
    list(order.push(VOICE, first) or ())
    list(order.push(VOICE, second) or ())
    due = [message for _, message in order.push(FACE_AFFECT, _face(500)) or ()]
    assert due[0] is first
    assert due[1] is second


def test_an_unordered_node_gets_everything_at_once() -> None:
    order = StreamOrder((VOICE, FACE_AFFECT), DEPTH, ordered=False)
    list(order.push(FACE_AFFECT, _face(500)) or ())
    assert len(list(order.push(VOICE, _voice(1)) or ())) == 1


def test_without_a_pusher_the_oldest_are_shed() -> None:
    order = _order(FACE_AFFECT, VOICE)
    for i in range(10):
        order.push(VOICE, _voice(i * 10, i))
    assert [message.seq for _, message in order.shed(7)] == [0, 1, 2]
    assert order.waiting == 7


@given(st.lists(st.tuples(st.sampled_from(["f", "v", "a", "t"]), st.integers(0, 50)), max_size=60))
def test_delivery_never_goes_back_in_stream_order(arrivals: list[tuple[str, int]]) -> None:
    order = _order(FACE_AFFECT, VOICE, VOICE_AFFECT, TICK)
    kinds = {
        "f": (FACE_AFFECT, lambda t, s: _face(t, s)),
        "v": (VOICE, lambda t, s: _voice(t, s)),
        "a": (VOICE_AFFECT, lambda t, s: m.VoiceAffect(t_ns=t * MS, seq=s)),
        "t": (TICK, lambda t, s: m.Tick(t_ns=t * MS, seq=s)),
    }
    keys = []
    for seq, (kind, at) in enumerate(arrivals):
        topic, make = kinds[kind]
        for due_topic, message in order.push(topic, make(at * 10, seq)) or ():
            keys.append(order_key(due_topic, message, DEPTH))
    assert keys == sorted(keys)


def test_a_deep_input_that_comes_rarely_holds_nothing_up() -> None:
    rare = Topic("order/rare", _Rare, rate_hz=0.1)
    order = StreamOrder((FACE_AFFECT, rare), DEPTH | {"order/rare": 9})
    assert [t.name for t, _ in order.push(FACE_AFFECT, _face(10)) or ()] == ["face/affect"]
    assert list(order.push(rare, _Rare(t_ns=20 * MS)) or ()) == []
    assert [t.name for t, _ in order.push(FACE_AFFECT, _face(40, 1)) or ()] == ["order/rare", "face/affect"]
    alone = StreamOrder((rare,), {"order/rare": 9})
    assert [t.name for t, _ in alone.push(rare, _Rare(t_ns=20 * MS)) or ()] == ["order/rare"]


def test_every_node_of_the_launch_file_is_pushed_on_by_what_the_others_send_all_the_time() -> None:
    graph = load_graph(ROOT / "launch.toml", ["reasons.enabled=true", "dynamics.enabled=true"])
    for entry in graph.entries.values():
        if entry.node.ordered and entry.spec.inputs:
            order = StreamOrder(entry.spec.inputs, graph.depth)
            sent = [topic for topic in entry.spec.inputs if topic.name in graph.writers or topic is TICK]
            assert any(topic.rate_hz >= 1 and topic.name in order.pushers for topic in sent), entry.name
