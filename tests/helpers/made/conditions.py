"""Made people under two conditions whose difference is known: score tables, and the times of the conditions."""

import numpy as np
import polars as pl

from liveaffect.models.circumplex import EMOTIONS
from liveaffect.offline.tables.score import SCHEMA
from made import affect as made

HZ = 5


def participant(
    name: str, levels: dict[str, float], rng: np.random.Generator, *, seconds: float = 40.0, tau_s: float = 2.0,
    spread: float = 0.15, missing: float = 0.1, level: float = 0.0, repeats: int = 1,
) -> tuple[pl.DataFrame, pl.DataFrame]:  # fmt: skip
    """One person who meets every condition `repeats` times in turn: a score table, and the table of times.

    levels: condition -> how far the person's valence lies from `level` on average there.
    """
    order = [condition for _ in range(repeats) for condition in levels]
    each = round(seconds * HZ)
    n = each * len(order)
    offset = np.repeat([levels[condition] for condition in order], each)
    valence = np.clip(level + offset + spread * made.wander(n, 1 / HZ, tau_s, rng), -1, 1)
    arousal = np.clip(0.1 + spread * made.wander(n, 1 / HZ, tau_s, rng), -1, 1)
    gone = made.gaps(n, HZ, missing, rng) if missing > 0 else np.zeros(n, bool)
    happy = 1 / (1 + np.exp(-6 * valence))
    p = np.full((n, 8), 0.02)
    p[:, 0], p[:, 1] = 0.88 * (1 - happy), 0.88 * happy
    p /= p.sum(1, keepdims=True)
    columns: dict[str, object] = {
        "file": [f"{name}.mp4"] * n, "t_s": np.arange(n) / HZ, "t_ns": np.arange(n) * (10**9 // HZ),
        "face_id": [None if x else 0 for x in gone], "state": ["no_face" if x else "ok" for x in gone],
        "face_state": ["no_face" if x else "ok" for x in gone], "voice_state": ["silence"] * n,
    }  # fmt: skip
    numbers = {"valence": valence, "arousal": arousal, "valence_sd": np.full(n, 0.2), "arousal_sd": np.full(n, 0.2)}
    numbers |= {f"p_{emotion}": p[:, k] for k, emotion in enumerate(EMOTIONS)}
    for key, values in numbers.items():
        hidden = [None if x else float(v) for v, x in zip(values, gone, strict=True)]
        columns |= {key: hidden, f"face_{key}": hidden}
    columns["speaking_prob"] = [None if x else 0.0 for x in gone]
    table = pl.DataFrame(columns, schema={key: SCHEMA[key] for key in columns})
    times = pl.DataFrame({
        "participant": [name] * len(order), "condition": order, "start": [k * seconds for k in range(len(order))],
        "end": [(k + 1) * seconds for k in range(len(order))],
    })  # fmt: skip
    return table, times


def study(
    n: int, difference: float, seed: int, *, varies: float = 0.1, skewed: bool = False, **more: float
) -> tuple[list[pl.DataFrame], pl.DataFrame]:
    """n people in `calm` and `film`; each one's difference lies about `difference`, by `varies`."""
    rng = np.random.default_rng([seed, n])
    tables, times = [], []
    for k in range(n):
        own = varies * (float(rng.exponential()) - 1.0 if skewed else float(rng.standard_normal()))
        level = 0.2 * float(rng.standard_normal())
        table, mine = participant(f"p{k + 1:02}", {"calm": 0.0, "film": difference + own}, rng, level=level, **more)  # type: ignore[arg-type]
        tables.append(table)
        times.append(mine)
    return tables, pl.concat(times)
