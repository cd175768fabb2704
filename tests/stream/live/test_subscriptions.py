"""Who reads what: a word counts for the connection that said it."""

import socket
from collections.abc import Hashable

import pytest

from liveaffect.stream.live.subscriptions import MOST_TOPICS, Subscriptions, connection, there


class Readers(Subscriptions):
    """Two of them, 5 and 6, who read `video`; who has gone is the test's to say."""

    def __init__(self) -> None:
        self.gone: set[Hashable] = set()
        super().__init__(lambda peer: peer not in self.gone)
        self.hear(b"\1video", 5)
        self.hear(b"\1video", 6)

    def leave(self, peer: int) -> None:
        self.gone.add(peer)
        self.hear(b"\0video", None)
        self.settle()


@pytest.fixture
def said() -> Readers:
    return Readers()


def test_e05_a_forged_word_mutes_nobody(said: Readers) -> None:
    for word in (b"\0video", b"\0video", b"\2video", b"", b"video", b"\0nothing"):
        said.hear(word, 9)
    assert said.count(b"video") == 2
    assert said.refused == 6


def test_e05_neither_does_one_on_a_connection_that_comes_after_another(said: Readers) -> None:
    for again in range(20):  # one descriptor, used again and again
        said.hear(b"\1video", ("9", again))
        assert said.count(b"video") == 3
        said.gone.add(("9", again))
        said.hear(b"\0video", None)
        said.settle()
        said.hear(b"\0video", ("9", again + 1))
        assert said.count(b"video") == 2


def test_a_reader_that_says_it_twice_counts_once_and_leaves_once(said: Readers) -> None:
    said.hear(b"\1video", 5)
    assert said.count(b"video") == 2
    said.hear(b"\0video", 5)
    said.hear(b"\0video", 5)
    assert said.count(b"video") == 1
    assert said.wanted(b"video/frame")


def test_those_who_have_gone_are_counted_off_once_their_connection_is_closed(said: Readers) -> None:
    said.hear(b"\0video", None)
    said.settle()
    assert said.count(b"video") == 2, "told before it was closed"
    said.gone.add(5)
    said.settle()
    assert said.count(b"video") == 1
    said.leave(6)
    assert said.count(b"video") == 0
    assert not said.wanted(b"video")
    said.hear(b"\0video", None)
    said.settle()
    assert said.count(b"video") == 0


def test_where_nobody_has_a_name_they_are_counted() -> None:
    said = Readers()
    for word in (b"\1a", b"\1a", b"\0a"):
        said.hear(word, None)
    assert said.count(b"a") == 1
    said.hear(b"\0a", None)
    said.hear(b"\0a", None)
    assert (said.count(b"a"), said.wanted(b"abc")) == (0, False)


def test_topics_are_bounded_in_number_and_length(said: Readers) -> None:
    for number in range(MOST_TOPICS + 100):
        said.hear(b"\1%d" % number, 7)
    said.hear(b"\1" + b"x" * 300, 7)
    assert said.refused == 102
    assert said.count(b"video") == 2


def test_a_connection_is_there_until_it_is_closed_and_its_descriptor_is_no_name() -> None:
    one, other = socket.socketpair()
    first, descriptor = connection(one.fileno()), one.fileno()
    assert there(first)
    one.close()
    assert not there(first)
    again = socket.socket()
    if again.fileno() == descriptor:
        assert not there(first)
    again.close()
    other.close()
