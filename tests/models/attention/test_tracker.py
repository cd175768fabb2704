"""The tracker: rates, closed eyes and looks over the last minute, of what was seen and of nothing else."""

import numpy as np
import pytest
from made.attention import MadeBlink, aimed, frame_times, openness, spread_blinks, swings

from liveaffect.models.attention.directions import Place
from liveaffect.models.attention.person import Glimpse
from liveaffect.models.attention.tracker import AttentionSaid, AttentionTracker, Happened, mutual_gazes

HERE = Place(0.0, 0.0, 0.7, 0.05)


def followed(
    seconds: float, hz: float, blinks: list[MadeBlink], seed: int = 0, **seen: float | None
) -> tuple[list[Happened], dict[float, AttentionSaid]]:
    """One person with made lids; what happened, and what was said by time."""
    rng = np.random.default_rng(seed)
    t = frame_times(seconds, hz, rng)
    left, right = (openness(t, blinks, rng) for _ in range(2))
    tracker = AttentionTracker()
    happened: list[Happened] = []
    said: dict[float, AttentionSaid] = {}
    for k, at in enumerate(t.tolist()):
        t_ns = round(at * 1e9)
        shown = Glimpse(**{"yaw": 0.0, "pitch": 0.0, **seen, "open_left": left[k], "open_right": right[k]})
        happened.append(tracker.see(t_ns, {0: shown}))
        if tracker.due(t_ns):
            said[at] = tracker.say(t_ns, {0: HERE})[0]
    return happened, said


def last(said: dict[float, AttentionSaid]) -> AttentionSaid:
    return said[max(said)]


@pytest.mark.parametrize("hz", [30.0, 10.0])
def test_the_rate_of_blinks_is_that_of_the_last_minute(hz: float) -> None:
    true = spread_blinks(120, np.random.default_rng(3))
    told = last(followed(120, hz, true)[1])
    there = sum(one.begin_s > 59 for one in true)
    assert told.blinks_per_min == pytest.approx(there, rel=0.1 if hz == 30 else 0.25)
    assert told.seconds == pytest.approx(60, abs=0.5)


def test_perclos_is_the_share_of_the_last_minute_with_closed_eyes() -> None:
    long = [MadeBlink(70 + 10 * k, 4.0, 1.0) for k in range(5)]
    flat = [MadeBlink(one.begin_s, one.length_s, 1.0) for one in long]
    told = last(followed(120, 30, flat)[1])
    # of a closure of 4 s the lids are below a fifth while they fall, are held and rise
    shut_s = 5 * 4.0 * (0.35 * 0.2 + 0.1 + 0.55 * 0.2)
    assert told.perclos == pytest.approx(shut_s / 60, rel=0.1)


def test_with_less_than_twenty_seconds_there_is_no_rate() -> None:
    early = [one for at, one in followed(30, 30, [])[1].items() if at < 15]
    assert early
    assert all(one.blinks_per_min is None and one.perclos is None for one in early)
    assert last(followed(30, 30, [])[1]).blinks_per_min == 0


def test_at_five_frames_a_second_there_is_closure_and_no_rate_of_blinks() -> None:
    told = last(followed(90, 5, spread_blinks(90, np.random.default_rng(1)))[1])
    assert told.blinks_per_min is None
    assert told.perclos is not None
    assert told.blinks == 0


def test_a_head_that_is_turned_away_tells_no_lids() -> None:
    told = last(followed(60, 30, spread_blinks(60, np.random.default_rng(1)), yaw=50.0)[1])
    assert (told.openness, told.perclos, told.blinks_per_min, told.blinks, told.seconds) == (None, None, None, 0, 0)


def test_while_a_head_turns_fast_no_blink_is_seen() -> None:
    t = np.arange(0, 20, 1 / 30)
    rng = np.random.default_rng(2)
    for speed, expected in ((200.0, 0), (0.0, 1)):
        tracker, count = AttentionTracker(), 0
        lids = openness(t, [MadeBlink(10.0, 0.25)], rng)
        yaw = np.clip((t - 10.0) * speed, -30, 30) if speed else np.zeros(len(t))
        for at, lid, turn in zip(t.tolist(), lids.tolist(), yaw.tolist(), strict=True):
            shown = Glimpse(yaw=turn, pitch=0.0, open_left=lid, open_right=lid)
            count += len(tracker.see(round(at * 1e9), {0: shown}).blinks)
        assert count == expected


def test_eye_contact_is_by_the_eyes_and_by_the_head_where_they_are_not_seen() -> None:
    eyes = last(followed(30, 30, [], gaze_yaw=1.0, gaze_pitch=0.0, gaze_sd=4.0)[1])
    assert eyes.gaze is not None
    assert not eyes.gaze.by_head
    assert eyes.aims is not None
    assert eyes.aims.camera > 0.85
    assert eyes.contact_share == pytest.approx(eyes.aims.camera, abs=0.05)
    away = last(followed(30, 30, [], gaze_yaw=25.0, gaze_pitch=5.0, gaze_sd=4.0)[1])
    assert away.aims is not None
    assert away.aims.camera < 0.02
    head = last(followed(30, 30, [])[1])
    assert head.gaze is not None
    assert head.gaze.by_head
    assert head.aims is not None
    assert eyes.aims.camera > head.aims.camera


def test_closed_eyes_look_at_nothing() -> None:
    tracker = AttentionTracker()
    for k in range(300):
        lid = 0.8 if k < 200 else 0.05
        tracker.see(k * 33_333_333, {0: Glimpse(0.0, 0.0, 0.0, 0.0, 4.0, 4.0, lid, lid)})
        if k in (199, 210):
            tracker.say(k * 33_333_333, {0: HERE})
    said = tracker.say(10**10, {0: HERE})[0]
    assert said.gaze is None
    assert said.aims is None
    assert said.shut is True


def test_who_was_lost_is_not_counted_and_who_was_passed_over_is() -> None:
    lost, passed = AttentionTracker(), AttentionTracker()
    for k in range(30 * 60):
        t_ns, lid = k * 33_333_333, Glimpse(0.0, 0.0, open_left=0.8, open_right=0.8)
        lost.see(t_ns, {0: lid if k % 3 == 0 else None})
        passed.see(t_ns, {0: lid} if k % 3 == 0 else {})
    at = 30 * 60 * 33_333_333
    assert lost.say(at, {0: HERE})[0].seconds < 1
    assert passed.say(at, {0: HERE})[0].seconds == pytest.approx(59, abs=2)


def test_nods_are_counted_and_told_with_the_frame_that_ended_them() -> None:
    tracker, t = AttentionTracker(), np.arange(0, 15, 1 / 30)
    told = [
        (at, one)
        for at, pitch in zip(t.tolist(), swings(t, 6, 3, 2.0, 8.0).tolist(), strict=True)
        for one in tracker.see(round(at * 1e9), {5: Glimpse(yaw=0.0, pitch=pitch)}).gestures
    ]
    assert [(who, one.kind) for _, (who, one) in told] == [(5, "nod")]
    assert 7.5 <= told[0][0] <= 8.7
    assert tracker.say(round(15e9), {5: HERE})[5].nods == 1


def test_two_people_who_look_at_each_other_are_told_and_without_a_distance_nobody_is() -> None:
    left, right = Place(-0.35, 0.0, 2.0, 0.1), Place(0.35, 0.0, 2.0, 0.1)
    yaw = aimed(left, right.at(2.0))[0]
    shown = {0: Glimpse(60.0, 0.0, yaw, 0.0, 5.0), 1: Glimpse(-60.0, 0.0, -yaw, 0.0, 5.0)}
    for known in (True, False):
        tracker = AttentionTracker()
        tracker.see(0, shown)
        places = {0: left, 1: right if known else right._replace(range_sd_m=0.0)}
        found = mutual_gazes(tracker.say(0, places))
        assert (found.get((0, 1), 0.0) > 0.6) is known
    apart = AttentionTracker(pairs=False)
    apart.see(0, shown)
    assert mutual_gazes(apart.say(0, {0: left, 1: right})) == {}


def test_after_a_minute_away_somebody_begins_anew() -> None:
    tracker = AttentionTracker()
    for k in range(300):
        lid = 0.05 if 200 <= k < 206 else 0.8
        tracker.see(k * 33_333_333, {0: Glimpse(0.0, 0.0, open_left=lid, open_right=lid)})
    assert tracker.say(10 * 10**9, {0: HERE})[0].blinks == 1
    tracker.say(100 * 10**9, {})
    assert tracker.say(101 * 10**9, {0: HERE}) == {}
