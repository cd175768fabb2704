"""What becomes of requests, with a clock and nodes of the test's own: no sockets, no processes."""

from typing import Any, Literal

import msgspec
import pytest

from liveaffect.stream.client.requests import Proposal, Reply, Request
from liveaffect.stream.errors import UsageError
from liveaffect.stream.live.outside.verbs import ACK_LIMIT_NS, MOST_PENDING, NS, REPEAT_NS, Requests, Sensor
from liveaffect.stream.messages import Ack, Command, Marker, Message, Noted
from liveaffect.stream.node import Verb

START_NS = 1_000_000 * NS


class Action(msgspec.Struct, forbid_unknown_fields=True):
    action: Literal["start", "stop"]


class Switch(msgspec.Struct, forbid_unknown_fields=True):
    on: bool


class Office:
    """Requests whose surroundings the test plays."""

    def __init__(self) -> None:
        self.now_ns = START_NS
        self.published: list[Message] = []
        self.replies: list[tuple[Any, Reply]] = []
        self.held: dict[str, Any] = {}
        self.stopped = 0
        self.state: dict[str, Any] = {"recorder": "hears", "baseline": "hears", "mirror": "hears"}
        self.changed: list[str] = []
        owners = {
            "record": {"recorder": Verb(Action)},
            "baseline": {"baseline": Verb(Action)},
            "settings": {"recorder": Verb(Action)},
            "privacy": {"recorder": Verb(Switch, held=True), "mirror": Verb(Switch, held=True)},
        }
        self.requests = Requests(
            Sensor(
                verbs={"settings": self._settings},
                owners=owners,
                reach=self.state.__getitem__,
                publish=self.published.append,
                facts=lambda: {"kind": "live"},
                hold=self.held.__setitem__,
                stop=lambda: setattr(self, "stopped", self.stopped + 1),
                marks_wait=lambda: self.state["recorder"] == "starting",
            ),
            reply=lambda peer, reply: self.replies.append((peer, reply)),
            now_ns=lambda: self.now_ns,
        )

    def _settings(self, request: Request) -> Reply | Proposal:
        if request.arguments["action"] == "stop":
            raise UsageError("not that one")
        return Proposal(lambda: Reply(ok=True, text=f"changed {self.changed.append('x') or len(self.changed)}"))

    def ask(self, verb: str, target: str = "", **arguments: Any) -> Reply | None:
        before = len(self.replies)
        self.requests.take("peer", Request(verb=verb, target=target, arguments=arguments, id=7))
        self.requests.step()
        return self.replies[-1][1] if len(self.replies) > before else None

    def pass_time(self, ns: int) -> None:
        self.now_ns += ns
        self.requests.step()

    def commands(self) -> list[Command]:
        return [message for message in self.published if isinstance(message, Command)]

    def ack(self, node: str, *, ok: bool = True, text: str = "") -> None:
        number = self.commands()[-1].request_id
        self.requests.acknowledge(Ack(t_ns=1, request_id=number, node=node, ok=ok, text=text))


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.mark.parametrize("t_ns", [0, 42, (1 << 63) - 1, 1_795_000_000 * NS, -5, START_NS + 3600 * NS])
def test_e02_a_marker_on_another_clock_is_refused_and_told_which_clock_counts(office: Office, t_ns: int) -> None:
    reply = office.ask("mark", label="x", t_ns=t_ns)
    assert reply is not None
    assert not reply.ok
    assert str(office.now_ns) in reply.text
    assert not office.published


def test_e02_a_marker_near_now_and_one_of_a_while_ago_are_set(office: Office) -> None:
    office.pass_time(3600 * NS)
    for t_ns in (office.now_ns, START_NS + 5, office.now_ns + NS):
        reply = office.ask("mark", label="on", t_ns=t_ns, source="s" * 500)
        assert reply is not None
        assert reply.ok
        assert reply.facts["t_ns"] == t_ns
    marks = [message for message in office.published if isinstance(message, Marker)]
    assert [(mark.label, len(mark.source)) for mark in marks] == [("on", 100)] * 3


def test_markers_set_while_the_recorder_starts_reach_it_once_in_order_and_at_their_times(office: Office) -> None:
    office.state["recorder"] = "starting"
    for label in ("first", "second"):
        reply = office.ask("mark", label=label)
        assert reply is not None
        assert (reply.ok, reply.facts["t_ns"]) == (True, office.now_ns)
        assert "as soon as the recorder runs" in reply.text
        office.pass_time(NS)
    assert not office.published
    assert office.requests.waiting_marks() == ["first", "second"]
    office.state["recorder"] = "hears"
    reply = office.ask("mark", label="third")
    assert reply is not None
    assert reply.text == "marked 'third'"
    office.pass_time(NS)
    times = [(mark.label, mark.t_ns) for mark in office.published if isinstance(mark, Marker)]
    assert times == [("first", START_NS), ("second", START_NS + NS), ("third", START_NS + 2 * NS)]


def test_more_markers_than_are_kept_for_the_recorder_are_refused(office: Office) -> None:
    office.state["recorder"] = "starting"
    replies = [office.ask("mark", label=str(number)) for number in range(MOST_PENDING + 1)]
    assert [reply is not None and reply.ok for reply in replies] == [True] * MOST_PENDING + [False]
    assert replies[-1] is not None
    assert "wait for the recorder" in replies[-1].text


def test_what_a_node_learns_of_an_instant_outside_becomes_a_marker_at_its_own_time(office: Office) -> None:
    office.now_ns += 90 * NS
    office.requests.note(Noted(t_ns=START_NS + 5, label="onset", source="lsl:psychopy", node="lsl"))
    assert [(type(said), said.t_ns) for said in office.published] == [(Marker, START_NS + 5)]
    mark = office.published[0]
    assert isinstance(mark, Marker)
    assert (mark.label, mark.source) == ("onset", "lsl:psychopy")
    assert office.replies == []


@pytest.mark.parametrize(("t_ns", "label"), [(42, "x"), (START_NS, ""), (START_NS, "x" * 501), (START_NS, "a\nb")])
def test_what_a_node_learns_must_be_a_label_of_this_run(office: Office, t_ns: int, label: str) -> None:
    with pytest.raises(UsageError, match="mark"):
        office.requests.note(Noted(t_ns=t_ns, label=label, node="lsl"))
    assert office.published == []


@pytest.mark.parametrize("arguments", [{}, {"label": ""}, {"label": "x" * 501}, {"label": 5}, {"label": "a\nb"}])
def test_a_marker_needs_a_label(office: Office, arguments: dict[str, Any]) -> None:
    reply = office.ask("mark", **arguments)
    assert reply is not None
    assert not reply.ok
    assert "1 to 500 characters" in reply.text


def test_only_the_owner_of_a_verb_is_asked(office: Office) -> None:
    assert office.ask("record", action="start") is None
    office.ack("baseline")
    assert not office.replies
    office.ack("recorder", text="recording")
    assert office.replies == [("peer", Reply(ok=True, text="recorder: recording", id=7))] or (
        office.replies[0][1].text == "recorder: recording"
    )
    assert office.replies[0][1].id == 7


def test_an_unknown_verb_is_refused_by_name_and_reaches_nobody(office: Office) -> None:
    reply = office.ask("recrod", action="start")
    assert reply is not None
    assert reply.text == "this sensor knows no 'recrod'; did you mean 'record'?"
    reply = office.ask("xyz")
    assert reply is not None
    assert "it knows baseline, clock, hello, mark, privacy, record, settings, stop" in reply.text
    assert not office.published


def test_arguments_that_do_not_fit_are_refused_before_any_node_hears_of_them(office: Office) -> None:
    for arguments in ({}, {"action": "sell"}, {"action": "start", "volume": 3}):
        reply = office.ask("record", **arguments)
        assert reply is not None
        assert not reply.ok
        assert "recorder: record:" in reply.text
    assert not office.published


def test_a_node_of_another_kind_is_refused(office: Office) -> None:
    reply = office.ask("record", "baseline", action="start")
    assert reply is not None
    assert reply.text == "node 'baseline' takes no 'record'; recorder does"


def test_a_node_that_says_nothing_is_named(office: Office) -> None:
    assert office.ask("record", action="start") is None
    office.pass_time(ACK_LIMIT_NS + 1)
    assert office.replies[-1][1].text == "no answer from recorder within 5 s"
    office.ack("recorder")
    assert len(office.replies) == 1


def test_a_process_that_starts_is_waited_for_and_one_that_is_given_up_is_not(office: Office) -> None:
    office.state["recorder"] = "starting"
    assert office.ask("record", action="start") is None
    assert not office.published
    office.state["recorder"] = "hears"
    office.pass_time(1)
    assert len(office.commands()) == 1
    office.ack("recorder")
    office.state["recorder"] = "gone"
    reply = office.ask("record", action="start")
    assert reply is not None
    assert not reply.ok
    assert "recorder does not run any more" in reply.text


def test_e38_privacy_reaches_whoever_lives_and_says_who_did_not_hear(office: Office) -> None:
    office.state["mirror"] = "gone"
    assert office.ask("privacy", on=True) is None
    assert office.held == {"privacy": {"on": True}}, "kept before anybody has answered"
    assert [(c.verb, c.arguments) for c in office.commands()] == [("privacy", {"on": True})]
    office.ack("recorder", text="no pixels")
    reply = office.replies[-1][1]
    assert reply.ok
    assert "mirror does not run now and will be told when it comes back" in reply.text
    assert "recorder: no pixels" in reply.text


def test_e38_privacy_is_kept_where_nobody_lives_and_where_nobody_answers(office: Office) -> None:
    office.state.update(mirror="gone", recorder="gone")
    reply = office.ask("privacy", on=True)
    assert reply is not None
    assert reply.ok
    assert office.held == {"privacy": {"on": True}}
    office.state.update(recorder="hears", mirror="hears")
    office.ask("privacy", on=False)
    office.pass_time(ACK_LIMIT_NS + 1)
    assert not office.replies[-1][1].ok
    assert office.held == {"privacy": {"on": False}}


def test_e38_who_comes_back_is_told_until_it_has_heard(office: Office) -> None:
    office.state["mirror"] = "starting"
    office.ask("privacy", on=True)
    office.ack("recorder")
    office.pass_time(REPEAT_NS)
    assert len(office.commands()) == 1, "nobody is told twice who has answered"
    office.state["mirror"] = "hears"
    for told in (2, 3):
        office.pass_time(REPEAT_NS)
        assert len(office.commands()) == told
        assert office.commands()[-1].target == "mirror"
    office.ack("mirror")
    office.pass_time(10 * REPEAT_NS)
    assert len(office.commands()) == 3


def test_a_change_is_carried_out_once_nobody_refuses(office: Office) -> None:
    assert office.ask("settings", action="start") is None
    office.ack("recorder", ok=False, text="recording")
    assert not office.replies[-1][1].ok
    assert not office.changed
    office.ask("settings", action="start")
    office.ack("recorder")
    assert office.replies[-1][1].text == "changed 1"
    office.state["recorder"] = "gone"
    reply = office.ask("settings", action="start")
    assert reply is not None
    assert reply.ok, "what was given up refuses nothing"
    refused = office.ask("settings", action="stop")
    assert refused is not None
    assert refused.text == "not that one"


def test_commands_that_wait_are_bounded(office: Office) -> None:
    office.state["recorder"] = "starting"
    for _ in range(MOST_PENDING):
        assert office.ask("record", action="start") is None
    reply = office.ask("record", action="start")
    assert reply is not None
    assert "ask again later" in reply.text


def test_hello_clock_and_stop_are_answered_here(office: Office) -> None:
    hello, clock, stop = office.ask("hello"), office.ask("clock"), office.ask("stop")
    assert hello is not None
    assert hello.facts == {"monotonic_ns": START_NS, "kind": "live"}
    assert clock is not None
    assert clock.facts == {"monotonic_ns": START_NS}
    assert stop is not None
    assert (stop.ok, office.stopped) == (True, 1)
