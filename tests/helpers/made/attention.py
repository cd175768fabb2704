"""Made eyes and heads whose blinks, nods and gazes are known, as landmarks would show them: with noise, at any rate."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from liveaffect.models.attention.directions import Place, place_of
from liveaffect.stream import messages as m

Floats = np.ndarray[Any, np.dtype[np.float64]]
CLOSING, HELD = 0.35, 0.1
"""Shares of a blink: lids fall faster than they rise (VanderWerf et al. 2003)."""


@dataclass(frozen=True)
class MadeBlink:
    begin_s: float
    length_s: float
    """From the first movement of the lid to the last."""
    depth: float = 0.95

    @property
    def half_s(self) -> float:
        """Length at half of the open level."""
        share = 0.5 / self.depth
        return self.length_s * (CLOSING * (1 - share) + HELD + (1 - CLOSING - HELD) * (1 - share))


def frame_times(seconds: float, hz: float, rng: np.random.Generator, jitter_s: float = 0.002) -> Floats:
    """Times of frames as a camera gives them."""
    n = int(seconds * hz)
    return np.arange(n) / hz + rng.uniform(0, 1 / hz) + rng.uniform(-jitter_s, jitter_s, n)


def spread_blinks(seconds: float, rng: np.random.Generator) -> list[MadeBlink]:
    """Blinks of 100 to 400 ms, 12 to 20 a minute, none closer than a second to another."""
    found: list[MadeBlink] = []
    at = 3.0
    while at < seconds - 2:
        found.append(MadeBlink(at, float(rng.uniform(0.1, 0.4)), float(rng.uniform(0.85, 1.0))))
        at += float(rng.uniform(1.5, 6.0))
    return found


def openness(
    t: Floats, blinks: list[MadeBlink], rng: np.random.Generator, level: float = 0.8, sd: float = 0.03
) -> Floats:
    """How far an eye is open at these times, 0 to 1."""
    shown = np.ones(len(t))
    for blink in blinks:
        x = (t - blink.begin_s) / blink.length_s
        falls, rises = x / CLOSING, (1 - x) / (1 - CLOSING - HELD)
        inside = (x > 0) & (x < 1)
        shut = np.clip(np.minimum(falls, rises), 0, 1) * inside
        shown = np.minimum(shown, 1 - blink.depth * shut)
    return np.clip(level * shown + sd * rng.standard_normal(len(t)), 0, 1)


def swings(t: Floats, begin_s: float, cycles: float, hz: float, size_deg: float) -> Floats:
    """A head that goes to and fro: `size_deg` from one turning point to the next, at rest before and after."""
    x = (t - begin_s) * hz
    inside = (x > 0) & (x < cycles)
    return np.where(inside, size_deg * 0.5 * (1 - np.cos(2 * np.pi * x)), 0.0)


def matched(found: list[tuple[float, float]], true: list[tuple[float, float]]) -> tuple[int, float, float]:
    """How many spans overlap one that is true (each once), and with it precision and recall."""
    left = list(true)
    hits = 0
    for begin, end in found:
        one = next((span for span in left if begin < span[1] and span[0] < end), None)
        if one is not None:
            left.remove(one)
            hits += 1
    return hits, hits / max(len(found), 1), hits / max(len(true), 1)


def at_rate(t: Floats, *lines: Floats) -> Iterator[tuple[int, *tuple[float, ...]]]:
    """Rows of whole nanoseconds and values."""
    for k, at in enumerate(t.tolist()):
        yield (round(at * 1e9), *(float(line[k]) for line in lines))


def aimed(own: Place, at: tuple[float, float, float]) -> tuple[float, float]:
    """Yaw and pitch, against the line to the camera, of a gaze from one place to a point: by angles alone."""
    here = np.array(own.at(own.range_m))
    away, lens = np.array(at) - here, -here
    away, lens = away / np.linalg.norm(away), lens / np.linalg.norm(lens)
    right = np.cross(lens, [0.0, 1.0, 0.0])
    right /= np.linalg.norm(right)
    below = np.cross(right, lens)
    below *= np.sign(below[1])
    x, y, z = float(away @ right), float(away @ below), float(away @ lens)
    return math.degrees(math.atan2(x, z)), math.degrees(math.asin(y))


STEP_NS = 33_333_333
SIZE = (1280, 720)
BOXES = {3: (0.15, 0.35, 0.1, 0.25), 7: (0.75, 0.35, 0.1, 0.25)}
BLINKS = [MadeBlink(2.5 + 3 * k, 0.1 + 0.05 * k) for k in range(6)]


def made_room(seconds: float, looks: dict[int, Any], **more: Any) -> Iterator[m.FaceObservation]:
    """Two people at 2 m, of whom 3 blinks and 7 nods; `looks` is at whom each of them looks, "camera" or an id."""
    rng = np.random.default_rng(1)
    t = np.arange(0, seconds, STEP_NS / 1e9)
    lids = {3: openness(t, BLINKS, rng), 7: openness(t, [], rng)}
    pitch = {3: np.zeros(len(t)), 7: swings(t, 8.0, 3, 2.0, 8.0)}
    places = {who: place_of(box, SIZE, 65.0, 2.0, 0.1) for who, box in BOXES.items()}
    for k in range(len(t)):
        faces = []
        for who, box in BOXES.items():
            at = looks[who]
            yaw, down = (0.0, 0.0) if at == "camera" else aimed(places[who], places[at].at(2.0))
            eyes = {"eye_open_left": lids[who][k], "eye_open_right": lids[who][k]}
            gaze = {"gaze_yaw_deg": yaw, "gaze_pitch_deg": down, "gaze_sd_deg": 4.0}
            numbers: dict[str, Any] = {"distance_m": 2.0, "distance_sd_m": 0.42, **gaze, **eyes, **more}
            face = m.Face(id=who, state="ok", box=box, yaw_deg=0.4 * yaw, pitch_deg=float(pitch[who][k]), **numbers)
            faces.append(face)
        yield m.FaceObservation(
            t_ns=k * STEP_NS, seq=k, frame_seq=k, width=SIZE[0], height=SIZE[1], state="ok", faces=tuple(faces)
        )  # fmt: skip
