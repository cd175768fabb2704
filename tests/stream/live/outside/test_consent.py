"""The switch for an assistant: off unless asked for, told to everybody, changed by a request."""

import pytest
from runs.live import collect, live_run

from liveaffect.stream import messages as m
from liveaffect.stream.client.requests import Request
from liveaffect.stream.errors import UsageError
from liveaffect.stream.graph import GraphSettings
from liveaffect.stream.live.outside.consent import Consent

LAUNCH = {"counter": {"type": "toy_nodes:Counter"}}


def ask(consent: Consent, **arguments: object) -> bool:
    return consent.answer(Request(verb="assistant", arguments=dict(arguments))).facts["on"]


def test_it_is_off_unless_the_settings_say_otherwise() -> None:
    assert not GraphSettings().assistant


def test_asking_changes_nothing_and_turning_does() -> None:
    consent = Consent(on=False)
    assert not ask(consent)
    assert ask(consent, on=True)
    assert ask(consent)
    assert consent.status().assistant
    assert not ask(consent, on=False)


@pytest.mark.parametrize("wrong", [{"on": "yes"}, {"on": 1}, {"of": True}])
def test_anything_else_is_refused_in_words(wrong: dict[str, object]) -> None:
    consent = Consent(on=False)
    with pytest.raises(UsageError, match="on = true or false"):
        ask(consent, **wrong)
    assert not consent.on


@pytest.mark.processes
def test_everybody_is_told_of_it_and_it_holds_from_the_next_second() -> None:
    with live_run(LAUNCH) as run, run.client("health") as client:
        assert client.request("assistant").facts == {"on": False}
        assert not client.request("assistant", on="maybe").ok
        assert client.request("assistant", on=True).facts == {"on": True}

        def said(got: list[m.Message]) -> bool:
            one = got[-1] if got else None
            return isinstance(one, m.Health) and isinstance(one.status, m.GatewayStatus) and one.status.assistant

        collect(client, said)
