"""Topics without their arrays: readers that only note what there was need not move pixels."""

import time
from collections.abc import Iterator

import numpy as np
import pytest
import zmq

from liveaffect.stream.live.bus import LATEST_QUEUE, Publisher, Subscriber
from liveaffect.stream.messages import VideoFrame
from liveaffect.stream.topics import HEALTH, TICK, VIDEO
from liveaffect.stream.wire import decode, encode

IMAGE = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)


@pytest.fixture
def pair() -> Iterator[tuple[Publisher, Subscriber]]:
    """A writer of frames, and a reader that takes them without pixels."""
    context = zmq.Context()
    publisher = Publisher(context, "inproc://frames", [VIDEO], "the test")
    subscriber = Subscriber(context, "reader", complete=True)
    subscriber.connect("inproc://frames", [VIDEO], bare=True)
    assert not publisher.wait({"video/frame@reader": 1}, 5.0, lambda: False)
    yield publisher, subscriber
    context.destroy(linger=0)


def test_a_bare_message_is_the_message_without_its_arrays() -> None:
    frame = VideoFrame(t_ns=5, seq=7, image=IMAGE, frame_index=3, gap=True)
    topic, bare = decode(encode(VIDEO, frame, bare=True))
    assert topic is VIDEO
    assert isinstance(bare, VideoFrame)
    assert (bare.t_ns, bare.seq, bare.frame_index, bare.gap, bare.image) == (5, 7, 3, True, None)
    assert sum(len(part) for part in encode(VIDEO, frame, bare=True)) < 200


def _received(publisher: Publisher, subscriber: Subscriber, seq: int) -> list[VideoFrame]:
    """Publishes one frame and reads until it is here."""
    publisher.update()
    publisher.send(VIDEO, VideoFrame(t_ns=seq, seq=seq, image=IMAGE))
    frames: list[VideoFrame] = []
    end = time.monotonic() + 120
    while not frames or frames[-1].seq < seq:
        assert time.monotonic() < end, f"frame {seq} did not come"
        subscriber.poller.poll(100)
        arrived = subscriber.drain(pytest.fail)
        frames += [message for _, message in arrived if isinstance(message, VideoFrame)]
    return frames


def test_changing_the_form_loses_nothing_and_doubles_nothing(pair: tuple[Publisher, Subscriber]) -> None:
    publisher, subscriber = pair
    frames: list[VideoFrame] = []
    changes = np.random.default_rng(1).random(600) < 0.2
    arrays = False
    settled: list[bool] = []
    for seq, change in enumerate(changes):
        if change:
            arrays = not arrays
            subscriber.look(VIDEO, arrays)
        new = _received(publisher, subscriber, seq)
        frames += new
        settled.append((new[-1].image is not None) == arrays)
    assert [frame.seq for frame in frames] == list(range(len(changes)))
    assert np.mean(settled) > 0.5  # and the form that was asked for does come
    assert 100 < sum(frame.image is not None for frame in frames) < 500


def test_nobody_pays_for_arrays_when_all_readers_are_bare(pair: tuple[Publisher, Subscriber]) -> None:
    publisher, subscriber = pair
    assert not publisher.wanted(VIDEO)
    assert [frame.image for frame in _received(publisher, subscriber, 0)] == [None]
    subscriber.look(VIDEO, True)
    assert not publisher.wait({"video/frame": 1}, 5.0, lambda: False)
    assert publisher.wanted(VIDEO)


def test_e08_a_camera_keeps_few_frames_for_a_slow_reader_whatever_else_it_says() -> None:
    with zmq.Context() as context:
        publisher = Publisher(context, "inproc://camera", [VIDEO, TICK, HEALTH], "the test")
        kept = {queue: sock.getsockopt(zmq.SNDHWM) for queue, sock in publisher._sockets.items()}
        assert kept == {"all": 50, "latest": LATEST_QUEUE}
        context.destroy(linger=0)
