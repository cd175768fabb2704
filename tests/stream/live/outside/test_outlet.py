"""What waits for a reader that stands still, and how much a visitor may say, with a clock of the test's own."""

from typing import Any

from liveaffect.stream.live.outside.outlet import MOST_BYTES, MOST_WAITING, Allowance, Outlet


class Reader:
    """Takes messages while it is open."""

    def __init__(self) -> None:
        self.open, self.got = True, []

    def send(self, frames: list[Any]) -> bool:
        if self.open:
            self.got.append(frames[1])
        return self.open


def test_e08_of_pictures_only_the_newest_waits_for_a_reader_that_stands_still() -> None:
    reader = Reader()
    outlet = Outlet(reader.send)
    reader.open = False
    for seq in range(1000):
        outlet.offer(b"video", [b"video", seq.to_bytes(900_000, "big")], latest=True)
    assert outlet.held == 900_005
    assert outlet.skipped == 999
    reader.open = True
    outlet.flush()
    assert reader.got == [(999).to_bytes(900_000, "big")]
    assert not outlet.waiting


def test_results_that_wait_are_bounded_in_number_and_in_bytes_and_the_lost_are_counted() -> None:
    reader = Reader()
    outlet = Outlet(reader.send)
    reader.open = False
    for seq in range(2000):
        outlet.offer(b"affect", [b"affect", b"%d" % seq], latest=False)
    reader.open = True
    outlet.flush()
    assert reader.got == [b"%d" % seq for seq in range(2000 - MOST_WAITING, 2000)]
    assert outlet.dropped == 2000 - MOST_WAITING
    reader.open = False
    for _ in range(100):
        outlet.offer(b"face/crop", [b"face/crop", bytes(1 << 20)], latest=False)
    assert outlet.held <= MOST_BYTES


def test_order_is_kept_and_nothing_overtakes_what_waits() -> None:
    reader = Reader()
    outlet = Outlet(reader.send)
    for seq in range(6):
        reader.open = seq not in (2, 3)
        outlet.offer(b"a", [b"a", b"%d" % seq], latest=False)
        outlet.flush()
    assert reader.got == [b"%d" % seq for seq in range(6)]


def test_e06_a_visitor_says_so_much_a_second_and_the_rest_waits() -> None:
    allowance = Allowance(rate=10.0, burst=5.0, now=0.0)
    taken = 0
    for tick in range(1000):
        while allowance.open(tick / 100):
            allowance.take()
            taken += 1
    assert 100 <= taken <= 106
