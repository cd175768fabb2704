"""How much each cue of a face carried: the model is asked again, in one batch, with each of them put to rest; and once
more with several together, where it is not plain which way they carried it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from liveaffect.models.face import align, own
from liveaffect.models.face.affect import SIDE
from liveaffect.models.reasons.regions import REGIONS, at_rest, hidden, smear

LEAST: Final = 0.01
"""A cue whose rest moves the estimate by less carried nothing worth saying."""
NAMED: Final = 3
"""So many cues are named at most."""
TURNED: Final = 0.1
"""Sine of turn or nod against the person's own from which on the head is measured: on real clips its rest moved valence
by 0.001 at the median, 0.005 at the ninth decile."""
CLOSE: Final = 0.3
"""Where what one way's cues carried is at least so much of what the other way's did, each is put to rest together:
effects do not add up, and on 247 faces the sums alone named the weaker way for valence in one of nine."""
TARGETS: Final = ("valence", "arousal", "category")
Effects = Mapping[str, Sequence[float] | NDArray[np.float64]]
"""Cue -> by how much (valence, arousal, category) is higher with it than with it at rest."""


class FaceNet(Protocol):
    """What judges faces: `liveaffect.models.face.affect.FaceAffectModel`, or one like it."""

    def predict(self, crops: Any, geometry: Any = None, prior: Any = "natural", quality: Any = None) -> Any:
        """Valence, arousal (n,) and emotions (n, 8) of n faces."""


@dataclass(frozen=True)
class Carried:
    """What the cues of one face carried of its estimate."""

    estimate: NDArray[np.float64]
    """(10,): valence, arousal and the eight shares, as the model gives them for the face as it is."""
    category: int
    """The likeliest category, an index of `circumplex.EMOTIONS`."""
    effects: dict[str, NDArray[np.float64]]
    """Cue -> (3,): by how much valence, arousal and the share of the category are higher than with the cue at rest."""
    hidden: tuple[str, ...]
    """Cues that could not be seen, and so were not measured."""
    ways: tuple[int, ...] = ()
    """For each target 1 where the cues that raise it carried it, -1 where those that lower it."""


def measure(
    net: FaceNet,
    crop: NDArray[np.uint8],
    vector: NDArray[np.float32],
    prior: str = "natural",
    estimate: NDArray[np.float64] | None = None,
) -> Carried | None:
    """Asks the net about one face as it is and with each visible cue at rest; None where the answer is not finite.

    Parameters
    ----------
    net: the model that gave the estimate.
    crop: (s, s, 3) uint8 RGB from `align.crop_face`.
    vector: (2 * GEOMETRY_SIZE,) its input for this frame, from `RunningNeutral.step`.
    prior: of the estimate.
    estimate: (10,) what was told of the face as it is, beside the person's own neutral in a film; without it, what the
        net says. What was taken off there is taken off what it says of the face at rest as well.
    """
    covered = hidden(crop)
    crop = align.resize(crop, SIDE)  # the net's own first step, once for all
    turned = float(np.abs(vector[-2:]).max()) >= TURNED
    names = [name for name in REGIONS if name not in covered and (turned or name != "head")]
    soft = smear(crop)
    faces = [at_rest(crop, vector, (name,), soft) for name in names]
    rows = ask(net, [(crop, vector), *faces], prior)
    whole = rows[0] if estimate is None else estimate
    if not (np.isfinite(rows).all() and np.isfinite(whole).all()):
        return None
    shift = None if estimate is None else own.between(rows[0, 2:], estimate[2:])
    rows = set_beside(rows[1:], shift)
    category = int(whole[2:].argmax())
    of = [0, 1, 2 + category]
    effects = dict(zip(names, whole[of] - rows[:, of], strict=True))

    def together(sides: list[tuple[str, ...]]) -> NDArray[np.float64]:
        said = ask(net, [at_rest(crop, vector, side, soft) for side in sides], prior)
        return whole[of] - set_beside(said, shift)[:, of]

    return Carried(whole, category, effects, covered, ways_of(effects, together))


def ask(net: FaceNet, faces: list[tuple[NDArray[np.uint8], NDArray[np.float32]]], prior: str) -> NDArray[np.float64]:
    """(n, 10) valence, arousal and shares of n faces."""
    crops, vectors = (np.stack(part) for part in zip(*faces, strict=True))
    said = net.predict(crops, geometry=vectors, prior=prior)
    return np.column_stack([said.valence, said.arousal, said.emotions]).astype(np.float64)


def set_beside(rows: NDArray[np.float64], shift: NDArray[np.float64] | None) -> NDArray[np.float64]:
    """The same rows (n, 10) with `shift` (8,) added to the logarithms of the shares; as they are without one."""
    if shift is None:
        return rows
    emotions, by = own.shifted(rows[:, 2:], shift)
    return np.column_stack([np.clip(rows[:, :2] + by, -1, 1), emotions]).astype(np.float64)


def ways_of(effects: Effects, together: Callable[[list[tuple[str, ...]]], NDArray[np.float64]]) -> tuple[int, ...]:
    """For each target 1 where the cues that raise it carried it, -1 where those that lower it.

    `together` says of sets of cues by how much the targets are higher with them than with all of a set at rest
    (sets, 3); it is asked once, of sides of several cues where single effects do not say which carried more.
    """
    ways = [1 if named(effects, target) == _sides(effects, target)[0][:NAMED] else -1 for target in range(len(TARGETS))]
    close = {target: sides for target in range(len(TARGETS)) if (sides := _close(effects, target))}
    sets = sorted({tuple(sorted(side)) for sides in close.values() for side in sides if len(side) > 1})
    moved = dict(zip(sets, together(sets), strict=True)) if sets else {}
    for target, sides in close.items():  # a side of one cue was asked about already
        by = [moved[tuple(sorted(side))] if len(side) > 1 else effects[side[0]] for side in sides]
        ways[target] = 1 if abs(by[0][target]) >= abs(by[1][target]) else -1
    return tuple(ways)


def named(effects: Effects, target: int, way: int = 0) -> list[str]:
    """The cues that carried a target (0 valence, 1 arousal, 2 category), at most `NAMED`, the largest first.

    All of them move it one way: `way`, as it was measured, or (0) that in which three cues' effects sum up to more.
    Cues of both signs would cancel. What worked against them is for `against`.
    """
    up, down = (side[:NAMED] for side in _sides(effects, target))
    if way and (up if way > 0 else down):
        return up if way > 0 else down
    return max((up, down), key=lambda side: _sum(effects, target, side))


def against(effects: Effects, target: int, way: int = 0) -> list[str]:
    """The cues that worked against those of `named`, at most two, the largest first."""
    carried = named(effects, target, way)
    return [name for side in _sides(effects, target) if not set(side) & set(carried) for name in side][:2]


def _close(effects: Effects, target: int) -> tuple[list[str], ...]:
    """Both ways' first cues, where their effects do not say which carried more; else ()."""
    up, down = (side[:NAMED] for side in _sides(effects, target))
    sides = up, down
    less, more = sorted(_sum(effects, target, side) for side in sides)
    return sides if less > CLOSE * more else ()


def _sum(effects: Effects, target: int, names: Sequence[str]) -> float:
    return sum(abs(effects[name][target]) for name in names)


def _sides(effects: Effects, target: int) -> tuple[list[str], list[str]]:
    """Cues that raise a target, and those that lower it, the largest first."""
    ranked = sorted(effects, key=lambda name: (-abs(effects[name][target]), name))
    up = [name for name in ranked if effects[name][target] >= LEAST]
    return up, [name for name in ranked if effects[name][target] <= -LEAST]
