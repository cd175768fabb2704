"""Who reads what: a word counts for the peer that said it."""

import pytest

from liveaffect.stream.live.subscriptions import MOST_TOPICS, Subscriptions


@pytest.fixture
def said() -> Subscriptions:
    found = Subscriptions()
    found.hear(b"\1video", 5)
    found.hear(b"\1video", 6)
    return found


def test_e05_a_forged_word_mutes_nobody(said: Subscriptions) -> None:
    for word in (b"\0video", b"\0video", b"\2video", b"", b"video", b"\0nothing"):
        said.hear(word, 9)
    assert said.count(b"video") == 2
    assert said.refused == 6


def test_a_peer_that_says_it_twice_counts_once_and_leaves_once(said: Subscriptions) -> None:
    said.hear(b"\1video", 5)
    assert said.count(b"video") == 2
    said.hear(b"\0video", 5)
    said.hear(b"\0video", 5)
    assert said.count(b"video") == 1
    assert said.wanted(b"video/frame")


def test_those_who_have_gone_are_counted_off_and_their_descriptor_may_come_again(said: Subscriptions) -> None:
    said.hear(b"\0video", None)
    assert said.count(b"video") == 1
    said.hear(b"\1video", 5)
    assert said.count(b"video") == 2
    said.hear(b"\0video", None)
    said.hear(b"\0video", None)
    assert said.count(b"video") == 0
    assert not said.wanted(b"video")
    said.hear(b"\0video", None)
    said.hear(b"\1video", 5)
    assert said.count(b"video") == 1


def test_topics_are_bounded_in_number_and_length(said: Subscriptions) -> None:
    for number in range(MOST_TOPICS + 100):
        said.hear(b"\1%d" % number, 7)
    said.hear(b"\1" + b"x" * 300, 7)
    assert said.refused == 102
    assert said.count(b"video") == 2
