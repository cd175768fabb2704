"""Fits how wide deviations must be where speech hardly stands out of what else is heard (`reach_db`).

    python -m training.voice.noise --cache CACHE --out OUT --conditions OUT/conditions [--heads voice-affect.onnx]

Prints the deviation that all corpora want of drowned speech, and what intervals of 95 % hold in each condition without
it and with it; there each corpus is also judged by what was fitted to the others alone. `--heads`: heads that were
exported without it are written with it to OUT/voice-affect.onnx, and nothing else about them changes.
"""

from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import onnx

from training.voice.export import DROWNED_DB, DROWNED_STEP_DB, widening
from training.voice.judge import answer, widened
from training.voice.robust import held, left_out, options
from training.voice.train import DROWNED

Array = np.ndarray
TRIED = np.arange(0.0, 0.9, 0.01)
MIDDLES, STEPS = (24.0, 27.0, 30.0, 33.0, 36.0), (2.0, 3.0, 4.0)
"""Reach in dB of speech that is half drowned, and how fast it drowns."""
WANTED = (0.90, 0.98)
"""What intervals of 95 % are to hold in each condition."""


@dataclass
class Heard:
    """One corpus in one condition, by heads that never saw it, valence or arousal (n,)."""

    corpus: str
    name: str
    reach_db: Array
    miss: Array
    """How far the mean is from the category's place."""
    sd: Array
    """What the heads would say in silence."""

    def inside(self, drowned: float, db: float = DROWNED_DB, step_db: float = DROWNED_STEP_DB) -> float:
        """What intervals of 95 % hold with that deviation of drowned speech."""
        sd = widened(self.sd[:, None], self.reach_db, np.array([drowned]), db, step_db)[:, 0]
        return held(self.miss / sd)


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--heads", type=Path)
    args = parser.parse_args()
    if args.heads:
        onnx.save(widening(onnx.load(args.heads), DROWNED), args.out / "voice-affect.onnx")
    both: tuple[list[Heard], list[Heard]] = ([], [])
    for corpus, name, h, table, said in left_out(args):
        h.drowned = np.zeros(2)
        _, mean, sd = answer(h, said, table, False)
        miss = np.abs(table.places() - mean)
        for k, parts in enumerate(both):
            parts.append(Heard(corpus, name, table.reach_db, miss[:, k], sd[:, k]))
    for which, parts, taken in zip(("valence", "arousal"), both, DROWNED, strict=True):
        print(f"{which}: outside of what is wanted by {outside(parts, 0.0):.4f} where nothing widens")
        for db, step_db in product(MIDDLES, STEPS):
            wanted = best(parts, db, step_db)
            told = f"{wanted:.2f}, outside {outside(parts, wanted, db, step_db):.4f}"
            print(f"{which}: half at {db:.0f} dB, step {step_db:.0f} dB: {told}")
        print(f"{which}, as shipped: fitted {best(parts):.2f}, taken {taken:.2f}")
        for part in parts:
            others = best([p for p in parts if p.corpus != part.corpus])
            print(
                f"{which} {part.corpus:>10} {part.name:20} {np.median(part.reach_db):4.0f} dB, "
                f"held {part.inside(0.0):.2f}; fitted to others {part.inside(others):.2f} ({others:.2f}); "
                f"shipped {part.inside(taken):.2f}"
            )


def outside(parts: list[Heard], drowned: float, db: float = DROWNED_DB, step_db: float = DROWNED_STEP_DB) -> float:
    """By how much on average what is held lies outside of what is wanted; corpora and conditions count alike."""
    inside = np.array([part.inside(drowned, db, step_db) for part in parts])
    return float(np.maximum(np.maximum(WANTED[0] - inside, inside - WANTED[1]), 0.0).mean())


def best(parts: list[Heard], db: float = DROWNED_DB, step_db: float = DROWNED_STEP_DB) -> float:
    """The deviation of drowned speech with the least of that."""
    return float(TRIED[np.argmin([outside(parts, drowned, db, step_db) for drowned in TRIED])])


if __name__ == "__main__":
    main()
