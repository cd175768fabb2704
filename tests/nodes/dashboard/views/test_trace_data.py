"""What a trace draws: rows that are kept, spans without a number, points per pixel."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from liveaffect.nodes.dashboard.scene.shown import STATES
from liveaffect.nodes.dashboard.scene.tracks import Track
from liveaffect.nodes.dashboard.views.trace_data import Span, missing_spans, runs, switches, thinned


def rows(*said: tuple[float, float | None, str]) -> tuple[np.ndarray, np.ndarray]:
    """(time, valence or None, state) as a track gives them."""
    t = np.array([time for time, _, _ in said])
    values = [(np.nan if v is None else v, 0.1, 0.0, 0.1, STATES.index(state), 0) for _, v, state in said]
    return t, np.array(values, np.float32)


def steps(from_s: float, to_s: float, value: float | None, state: str) -> list[tuple[float, float | None, str]]:
    return [(float(t), value, state) for t in np.arange(from_s, to_s, 0.1)]


def test_a_span_without_a_number_has_its_reason() -> None:
    t, values = rows(*steps(0, 2, 0.5, "ok"), *steps(2, 4, None, "occluded"), *steps(4, 6, 0.5, "ok"))
    (span,) = missing_spans(t, values, 0, 6)
    assert span.state == "occluded"
    assert (span.from_s, span.to_s) == pytest.approx((2, 4), abs=0.11)


def test_a_blink_of_the_detector_is_no_span() -> None:
    t, values = rows(*steps(0, 2, 0.5, "ok"), (2.0, None, "no_face"), *steps(2.1, 4, 0.5, "ok"))
    assert missing_spans(t, values, 0, 4) == []


def test_before_anybody_was_there_is_said() -> None:
    t, values = rows(*steps(8, 10, 0.5, "ok"))
    assert missing_spans(t, values, 0, 10) == [Span(0, 8, "before")]
    assert missing_spans(t[:0], values[:0], 0, 10) == [Span(0, 10, "before")]


def test_silence_of_the_stream_is_a_span_of_its_own() -> None:
    t, values = rows(*steps(0, 2, 0.5, "ok"), *steps(5, 6, 0.5, "ok"))
    (span,) = missing_spans(t, values, 0, 6)
    assert span.state == "stale"
    assert (span.from_s, span.to_s) == pytest.approx((1.9, 5), abs=0.01)


def test_a_stream_that_has_ended_leaves_a_span_up_to_now() -> None:
    t, values = rows(*steps(0, 2, 0.5, "ok"))
    (span,) = missing_spans(t, values, 0, 10)
    assert (span.state, span.to_s) == ("stale", 10)


def test_a_line_is_never_drawn_across_a_gap() -> None:
    t, values = rows(*steps(0, 2, 0.5, "ok"), *steps(5, 6, 0.5, "ok"))
    _, means = thinned(t, values[:, :4], 0, 0.1)
    assert len(runs(means[:, 0])) == 2


def test_thinning_keeps_the_mean_and_leaves_out_what_is_missing() -> None:
    t, values = rows((0.0, 0.2, "ok"), (0.1, 0.4, "ok"), (0.2, None, "no_face"), (1.0, None, "no_face"))
    times, means = thinned(t, values[:, :1], 0, 0.5)
    assert means[0, 0] == pytest.approx(0.3, abs=1e-6)
    assert np.isnan(means[1, 0])
    assert times == pytest.approx([0.1, 1.0])


def test_where_another_person_is_looked_at() -> None:
    t, values = rows(*steps(0, 1, 0.5, "ok"))
    values[5:, 5] = 3
    assert switches(t, values) == [(pytest.approx(0.5), 3)]


@given(st.lists(st.one_of(st.none(), st.floats(-1, 1)), max_size=60), st.floats(0.01, 5))
def test_thinned_values_stay_between_the_least_and_the_most(numbers: list[float | None], step_s: float) -> None:
    t, values = rows(*((0.1 * i, v, "ok" if v is not None else "stale") for i, v in enumerate(numbers)))
    _, means = thinned(t, values.reshape(-1, 6)[:, :1], 0, step_s)
    known = [v for v in numbers if v is not None]
    found = means[np.isfinite(means)]
    assert (len(found) == 0) == (not known)
    if known:
        assert min(known) - 1e-6 <= found.min()
        assert found.max() <= max(known) + 1e-6


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=300))
def test_time_in_a_track_never_goes_back(leaps: list[float]) -> None:
    track = Track(("x",), keep_s=3.0, step_s=0.02)
    now = 0.0
    for leap in leaps:
        now += leap
        track.append(now, (now,))
    t, values = track.since(-1e9)
    assert (np.diff(t) >= 0).all()
    assert len(t) == len(values)


def test_a_track_forgets_what_is_old_and_keeps_its_size() -> None:
    track = Track(("x",), keep_s=10.0, step_s=0.02)
    sizes = set()
    for i in range(200_000):
        track.append(i / 30, (float(i),))
        sizes.add(track._values.nbytes)
    t, values = track.since(-1e9)
    assert t[-1] == pytest.approx(199_999 / 30)
    assert t[-1] - t[0] >= 10
    assert values[-1, 0] == 199_999
    assert max(sizes) <= 2 * (10 / 0.02 + 2) * 4


def test_rows_closer_than_a_step_replace_each_other() -> None:
    track = Track(("x",), keep_s=10.0, step_s=0.1)
    for i in range(1000):
        track.append(i * 0.001, (float(i),))
    t, _ = track.since(-1)
    assert len(t) == 10
