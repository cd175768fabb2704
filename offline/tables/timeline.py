"""A picture of a score table: valence and arousal with their intervals, emotions, speech; what is missing is shaded."""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from liveaffect.models.circumplex import EMOTION_COLOURS, EMOTIONS, Z90
from liveaffect.stream.messages import SHORT_STATE_WORDS

INK, FAINT, MISSING = "#1f2430", "#8a90a0", "#e9e6df"
VALENCE, AROUSAL, VOICE = "#0072b2", "#d55e00", "#009e73"
GAP_S = 0.5
NAME_ROOM = 0.08


def draw(table: pl.DataFrame, path: Path, title: str, *, markers: list[tuple[float, str]] | None = None) -> None:
    """Writes a PNG (or what the ending says) of one person at a time; `markers` are (t_s, label)."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    person = main_person(table)
    t = person["t_s"].to_numpy()
    figure = Figure(figsize=(12, 8), dpi=110, facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(4, 1, sharex=True, height_ratios=[3, 3, 3, 1.5])
    for axis, name, colour, ends in (
        (axes[0], "valence", VALENCE, ("unpleasant", "pleasant")),
        (axes[1], "arousal", AROUSAL, ("calm", "excited")),
    ):
        _dimension(axis, t, person, name, colour, ends)
    _emotions(axes[2], t, person)
    _speech(axes[3], t, person)
    for axis in axes:
        _shade(axis, t, person["state"].to_list(), words=axis is axes[0])
        _plain(axis)
        for at, label in markers or []:
            axis.axvline(at, color=INK, lw=0.8, ls=(0, (2, 2)))
            if axis is axes[0]:
                axis.annotate(label, (at, 1.02), xycoords=("data", "axes fraction"), fontsize=8, color=INK, rotation=30)
    axes[-1].set_xlabel("seconds", color=FAINT)
    axes[0].set_xlim(float(t.min()) if len(t) else 0.0, float(t.max()) if len(t) else 1.0)
    _names(axes[0], t, person)
    figure.suptitle(title, x=0.01, ha="left", fontsize=13, color=INK, weight="bold")
    figure.savefig(path, metadata={"Software": None} if path.suffix == ".png" else None)


def main_person(table: pl.DataFrame) -> pl.DataFrame:
    """One row per instant: the face seen most; where it is not there, another face, the voice, or nobody."""
    counts = table.drop_nulls("face_id").group_by("face_id").len().sort(["len", "face_id"], descending=[True, False])
    most = counts["face_id"][0] if counts.height else -1
    rank = pl.when(pl.col("face_id") == most).then(0).otherwise(pl.col("face_id").fill_null(1 << 30) + 1)
    return table.with_columns(rank.alias("_rank")).sort(["t_s", "_rank"]).unique("t_s", keep="first").sort("t_s")


def _names(axis: Any, t: np.ndarray, person: pl.DataFrame) -> None:
    """Says above the plots whom the line shows, wherever that changes."""
    known = person["state"] == "ok"
    ids = [(-1 if i is None else i) if ok else None for i, ok in zip(person["face_id"], known, strict=True)]
    shown, last, raised = None, float("-inf"), False
    for at, who in zip(t, ids, strict=True):
        if who is not None and who != shown:
            raised = not raised if at - last < NAME_ROOM * (t[-1] - t[0]) else False  # names must not overlap
            shown, last = who, at
            name = "voice alone" if who < 0 else f"face {who}"
            axis.annotate(
                name, (at, 1.08 if raised else 1.01), xycoords=("data", "axes fraction"), fontsize=8, color=INK
            )


def _dimension(axis: Any, t: np.ndarray, person: pl.DataFrame, name: str, colour: str, ends: tuple[str, str]) -> None:
    value = person[name].cast(pl.Float64).fill_null(float("nan")).to_numpy()
    half = Z90 * person[f"{name}_sd"].cast(pl.Float64).fill_null(float("nan")).to_numpy()
    axis.axhline(0, color=FAINT, lw=0.6)
    axis.fill_between(t, np.clip(value - half, -1, 1), np.clip(value + half, -1, 1), color=colour, alpha=0.18, lw=0)
    axis.plot(t, value, color=colour, lw=1.8)
    axis.set_ylim(-1, 1)
    axis.set_yticks([-1, 0, 1], [f"{ends[0]}  −1", "0", f"{ends[1]}  +1"])
    axis.set_title(
        f"{name} with its 90 % interval", loc="left", fontsize=9, color=FAINT, pad=14 if name == "valence" else 6
    )


def _emotions(axis: Any, t: np.ndarray, person: pl.DataFrame) -> None:
    shares = np.array([person[f"p_{name}"].cast(pl.Float64).fill_null(0.0).to_numpy() for name in EMOTIONS])
    if len(t):
        edges = np.flatnonzero(np.diff(t) > GAP_S)  # down to nothing at once, not along a slope
        places = np.repeat(edges + 1, 2)
        times = np.column_stack([t[edges] + 1e-3, t[edges + 1] - 1e-3]).ravel()
        t, shares = np.insert(t, places, times), np.insert(shares, places, 0.0, axis=1)
        axis.stackplot(t, shares, colors=[EMOTION_COLOURS[name] for name in EMOTIONS], labels=EMOTIONS, lw=0)
        axis.legend(loc="upper left", bbox_to_anchor=(1.0, 1.02), fontsize=8, frameon=False, reverse=True)
    axis.set_ylim(0, 1)
    axis.set_yticks([0, 1], ["0", "1"])
    axis.set_title("emotions: probability", loc="left", fontsize=9, color=FAINT)


def _speech(axis: Any, t: np.ndarray, person: pl.DataFrame) -> None:
    speech = person["speech_prob"].cast(pl.Float64).fill_null(float("nan")).to_numpy()
    speaking = person["speaking_prob"].cast(pl.Float64).fill_null(float("nan")).to_numpy()
    axis.fill_between(t, 0, np.nan_to_num(speech), color=VOICE, alpha=0.2, lw=0, label="anyone speaks")
    axis.plot(t, speaking, color=VOICE, lw=1.4, label="this person speaks")
    axis.set_ylim(0, 1)
    axis.set_yticks([0, 1], ["0", "1"])
    axis.set_title("speech: probability", loc="left", fontsize=9, color=FAINT)
    axis.legend(loc="upper left", bbox_to_anchor=(1.0, 1.05), fontsize=8, frameon=False)


def _shade(axis: Any, t: np.ndarray, states: list[str], *, words: bool) -> None:
    """Spans without numbers, with the reason in words."""
    start = 0
    for i in range(1, len(states) + 1):
        if i < len(states) and states[i] == states[start] and t[i] - t[i - 1] < GAP_S:
            continue
        if states[start] != "ok":
            end = t[i] if i < len(states) else t[-1]
            axis.axvspan(t[start], end, color=MISSING, lw=0, zorder=0)
            if words and end - t[start] > 0.03 * (t[-1] - t[0]):
                middle = (t[start] + end) / 2
                axis.annotate(SHORT_STATE_WORDS[states[start]], (middle, -0.92), ha="center", fontsize=8, color=FAINT)
        start = i


def _plain(axis: Any) -> None:
    for side in ("top", "right", "left"):
        axis.spines[side].set_visible(False)
    axis.spines["bottom"].set_color(FAINT)
    axis.tick_params(colors=FAINT, labelsize=8, length=0)
