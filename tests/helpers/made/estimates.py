"""What the filter's property tests give it: whole scenes from one seed, a hundred times faster than by parts."""

from typing import Any

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

from liveaffect.models.fusion.filter import Estimate, FusionSettings, PersonFilter

Inputs = list[tuple[float, Estimate | None, Estimate | None]]
"""(seconds since the last, face, voice)."""

affects = st.floats(-1.0, 1.0)
sds = st.floats(0.02, 1.0)
seeds = st.integers(0, 2**32 - 1)
voiced = st.booleans()
"""Whether the one modality of a test is the voice."""
many = settings(max_examples=max(60, settings().max_examples))
"""A few hundred cases; ten thousand with `--hypothesis-profile thorough`."""


def said(seed: int, length: int = 20) -> list[tuple[float, Estimate]]:
    """One modality's evidence: gaps up to 5 s, any values, deviations in [0.02, 1], corners more often than chance."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, length + 1))
    at = np.where(rng.random((n, 2)) < rng.random(), rng.uniform(-1, 1, (n, 2)), rng.choice([-1.0, 0.0, 1.0], (n, 2)))
    level = rng.uniform(-1, 1, 2)
    at = np.where(rng.random((n, 1)) < rng.random(), level, at)
    sd = np.exp(rng.uniform(np.log(0.02), 0.0, (n, 2)))
    sd = np.where(rng.random((n, 2)) < 0.2, rng.choice([0.02, 1.0], (n, 2)), sd)
    p = rng.random((n, 8)) ** rng.choice([0.2, 1.0, 20.0]) * (rng.random((n, 8)) < rng.uniform(0.2, 1.0))
    p[np.arange(n), rng.integers(0, 8, n)] += 0.01
    gaps = np.where(rng.random(n) < rng.random(), 1 / 30, rng.choice([0.0, 1.0, 5.0], n) * rng.random(n))
    columns = zip(gaps.tolist(), at.tolist(), sd.tolist(), p.tolist(), strict=True)
    return [(gap, Estimate(v, a, v_sd, a_sd, tuple(q))) for gap, (v, a), (v_sd, a_sd), q in columns]


def scene(seed: int, length: int = 12) -> Inputs:
    """Both modalities' evidence, each missing at times."""
    rng = np.random.default_rng([seed, 1])
    missing = rng.random((length, 2)) < rng.random(2)
    pairs = zip(said(seed, length), said(seed + 1, length), missing, strict=False)
    return [(gap, None if no[0] else face, None if no[1] else voice) for (gap, face), (_, voice), no in pairs]


steps = seeds.map(scene)
estimates = seeds.map(lambda seed: said(seed, 1)[0][1])


def alone(evidence: list[tuple[float, Estimate]], voice: bool) -> Inputs:
    """The same evidence as one modality's."""
    return [(gap, None, one) if voice else (gap, one, None) for gap, one in evidence]


def run(inputs: Inputs, start: float = 0.0, options: FusionSettings | None = None) -> list[Any]:
    """The answers of one person's filter, one per input."""
    person, t, out = PersonFilter(options), start, []
    for gap, face, voice in inputs:
        t += gap
        out.append(person.step(t, face, voice))
    return out
