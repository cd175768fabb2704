"""Sockets between processes: a flood of words costs each turn of a loop little, and mutes nobody."""

import tempfile
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import zmq
from runs.live import wait_for

from liveaffect.stream.live import bus
from liveaffect.stream.live.bus import Publisher, Subscriber, reader_mark
from liveaffect.stream.messages import Affect
from liveaffect.stream.topics import AFFECT

pytestmark = pytest.mark.processes
WORDS = 20_000


def test_a_flood_of_words_is_read_in_small_pieces_and_a_reader_hears_everything_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    context = zmq.Context()
    with tempfile.TemporaryDirectory(prefix="b") as folder:
        writer = Publisher(context, f"ipc://{Path(folder) / 'w'}", [AFFECT], "the test")
        reader = Subscriber(context, "reader")
        reader.connect(writer.address, [AFFECT])
        wait_for(lambda: writer.update() or writer.count("affect"), "the reader")
        monkeypatch.setattr(bus, "WORDS_NS", 0)  # a time so short that the flood takes many turns
        rude = context.socket(zmq.XSUB)
        rude.set_hwm(2 * WORDS)
        rude.connect(writer.address.split()[0])
        for _ in range(WORDS // 100):
            rude.send_multipart([b"\2affect", *[b"x"] * 99])
        got, turns, most, seq = 0, 0, 0, 0
        end = time.monotonic() + 120
        while writer.refused < WORDS or got < seq:
            assert time.monotonic() < end, f"{writer.refused} words, {got} of {seq} messages"
            before = writer.refused
            writer.update()
            most = max(most, writer.refused - before)
            turns += 1
            if writer.refused < WORDS and got == seq:
                writer.send(AFFECT, Affect(t_ns=seq, seq=seq))
                seq += 1
            got += len(reader.drain(lambda text: None))
        assert most <= 64
        assert turns > WORDS / 64
        assert got == seq, "nothing was lost"
        assert writer.count("affect") == 1
        context.destroy(linger=0)


def test_a_reader_of_many_topics_of_which_the_newest_counts_is_known_of_all_to_the_writer() -> None:
    topics: list[Any] = [SimpleNamespace(name=f"depth/{k}", rate_hz=30, queue="latest") for k in range(12)]
    context = zmq.Context()
    with tempfile.TemporaryDirectory(prefix="b") as folder:
        writer = Publisher(context, f"ipc://{Path(folder) / 'w'}", topics, "the test")
        reader = Subscriber(context, "reader")
        reader.connect(writer.address, topics)
        expected = {name: 1 for topic in topics for name in (topic.name, reader_mark(topic.name, "reader"))}
        assert writer.wait(expected, 120, lambda: False) == []
        context.destroy(linger=0)
