"""Smoothed columns: those of the smoother on what fusion heard, beside causal columns that do not change."""

from collections.abc import Iterable

import numpy as np
import polars as pl
import pytest

from liveaffect.models.fusion.filter import Estimate, FusionSettings
from liveaffect.models.fusion.smoothing import smooth
from liveaffect.nodes.fusion import FusionNode
from liveaffect.offline.scoring.smoothed import Smoothing
from liveaffect.offline.tables.score import COLUMNS, SMOOTH_COLUMNS, TableBuilder
from liveaffect.stream import messages as m
from liveaffect.stream.errors import UsageError
from liveaffect.stream.graph import Graph
from liveaffect.stream.lockstep import LockstepHost
from liveaffect.stream.node import Node, on
from liveaffect.stream.topics import FACE_AFFECT

FRAME_NS = 40_000_000
N = 80


def estimate(face_id: int, valence: float, state: m.State = "ok") -> m.FaceEstimate:
    if state != "ok":
        return m.FaceEstimate(id=face_id, state=state)
    p = np.array([0.5 - 0.4 * valence, 0.5 + 0.4 * valence, *[0.1] * 6])
    numbers = {"valence": valence, "valence_sd": 0.25, "arousal": -valence / 2, "arousal_sd": 0.2}
    return m.FaceEstimate(id=face_id, state="ok", emotions=tuple(p / p.sum()), **numbers)


def frames(faces: Iterable[list[m.FaceEstimate]], *, still: bool = False) -> list[m.Message]:
    """One FaceAffect per entry, 25 a second."""
    messages: list[m.Message] = []
    for k, shown in enumerate(faces):
        state: m.State = "ok" if any(face.state == "ok" for face in shown) else "no_face"
        said = m.FaceAffect(t_ns=k * FRAME_NS, frame_seq=k, state=state, still=still, faces=tuple(shown))
        messages.append(said)
    return messages


def scored(inputs: list[m.Message], lag_s: float = 1.0) -> pl.DataFrame:
    graph = Graph.of(FusionNode())
    builder, smoothing = TableBuilder("film"), Smoothing(graph, lag_s)
    for _, message in LockstepHost(graph, inputs=inputs).run():
        builder.add(message)
        smoothing.add(message)
    return smoothing.finish(builder.finish())


def valences() -> np.ndarray:
    return np.clip(np.sin(np.arange(N) / 9) * 0.8 + 0.2 * np.random.default_rng(4).standard_normal(N), -0.95, 0.95)


def test_the_columns_are_those_of_the_smoother_for_each_person() -> None:
    rows = valences()
    table = scored(frames([[estimate(1, v), estimate(2, -v)] for v in rows]))
    times = [k * FRAME_NS / 1e9 for k in range(N)]
    for person, sign in ((1, 1.0), (2, -1.0)):
        faces = [Estimate(f.valence, f.arousal, f.valence_sd, f.arousal_sd, f.emotions)  # type: ignore[arg-type]
                 for v in rows if (f := estimate(person, sign * v))]  # fmt: skip
        _, expected = smooth(times, faces, [None] * N, settings=FusionSettings(coast_s=0.4))
        mine = table.filter(pl.col("face_id") == person)
        np.testing.assert_allclose(mine["smooth_valence"], expected.valence, atol=1e-6)
        np.testing.assert_allclose(mine["smooth_arousal_sd"], expected.arousal_sd, atol=1e-6)
        np.testing.assert_allclose(mine["smooth_p_happiness"], expected.emotions[:, 1], atol=1e-6)


def test_without_a_lag_they_are_the_causal_columns() -> None:
    table = scored(frames([[estimate(1, v)] for v in valences()]), lag_s=0.0)
    for name in SMOOTH_COLUMNS:
        np.testing.assert_allclose(table[name], table[name.removeprefix("smooth_")], atol=1e-6)


def test_looking_ahead_follows_a_jump_before_it_is_over() -> None:
    table = scored(frames([[estimate(1, -0.8 if k < N // 2 else 0.8)] for k in range(N)]))
    before = table.row(N // 2 - 3, named=True)
    assert before["smooth_valence"] > before["valence"] + 0.1
    assert abs(int(np.argmax(table["smooth_valence_sd"])) - N // 2) <= 1  # widest at the jump, not after it
    assert int(np.argmax(table["valence_sd"])) > N // 2 + 1


def test_they_are_null_exactly_where_the_causal_ones_are() -> None:
    shown = [[estimate(1, v)] if k < 20 or k >= 50 else [] for k, v in enumerate(valences())]
    shown[60] = [estimate(1, 0.0, "low_quality")]
    table = scored(frames(shown))
    assert table["valence"].null_count() > 10
    for name in SMOOTH_COLUMNS:
        assert (table[name].is_null() == table["valence"].is_null()).all()


def test_the_contract_columns_stay_first_and_unchanged() -> None:
    inputs = frames([[estimate(1, v)] for v in valences()])
    table = scored(inputs)
    builder = TableBuilder("film")
    for _, message in LockstepHost(Graph.of(FusionNode()), inputs=frames([[estimate(1, v)] for v in valences()])).run():
        builder.add(message)
    assert table.columns == [*COLUMNS, *SMOOTH_COLUMNS]
    assert table.select(COLUMNS).equals(builder.finish())


def test_a_photograph_is_not_smoothed() -> None:
    table = scored(frames([[estimate(1, 0.7)]], still=True))
    assert table["smooth_valence"].to_list() == table["valence"].to_list() == pytest.approx([0.7])


def test_memory_holds_the_lag_however_long_the_film() -> None:
    graph = Graph.of(FusionNode())
    smoothing = Smoothing(graph)
    held: list[int] = []
    for _, message in LockstepHost(graph, inputs=frames([[estimate(1, 0.1)]] * 1500)).run():
        smoothing.add(message)
        held.append(smoothing.observer.held)
    assert max(held) <= 256 + 25 + 3


def test_what_was_waiting_at_a_gap_still_comes() -> None:
    inputs = frames([[estimate(1, v)] for v in valences()])
    later = inputs[N // 2]
    assert isinstance(later, m.FaceAffect)
    later.gap = True
    table = scored(inputs)
    assert table["smooth_valence"].null_count() == table["valence"].null_count() == 0


class Another(Node):
    """Somebody's own fusion."""

    @on(FACE_AFFECT)
    def step(self, face: m.FaceAffect) -> None: ...


def test_another_fusion_is_refused() -> None:
    graph = Graph.of(Another())
    graph.entries["fusion"] = next(iter(graph.entries.values()))
    with pytest.raises(UsageError, match="--smooth"):
        Smoothing(graph)
