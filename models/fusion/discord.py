"""Discord: how far apart a person's face and voice are, as the Jensen-Shannon divergence of their distributions."""

import math
from collections.abc import Sequence

from liveaffect.models.circumplex import EMOTIONS, N_EMOTIONS
from liveaffect.models.errors import BadInput


def discord(
    face: Sequence[float] | None, voice: Sequence[float] | None, unseen: tuple[str, ...] = ("contempt",)
) -> float | None:
    """Jensen-Shannon divergence in bits (Lin 1991, equation 4.1, logarithms to base 2): 0 agree, 1 disjoint.

    Parameters
    ----------
    face, voice: eight probabilities each (any positive sum) in the order of `EMOTIONS`, or None where missing.
    unseen: categories the voice's corpora do not have; both distributions are compared without them.

    Returns
    -------
    0 to 1, or None where either is missing or has nothing in the compared categories.

    Raises
    ------
    BadInput: not eight finite entries >= 0.
    """
    if face is None or voice is None:
        return None
    for p in (face, voice):
        if len(p) != N_EMOTIONS or not all(0.0 <= x < math.inf for x in p):
            raise BadInput(f"discord compares two distributions over {EMOTIONS}, not {tuple(p)!r}")
    kept = [i for i, name in enumerate(EMOTIONS) if name not in unseen]
    total_face, total_voice = sum(face[i] for i in kept), sum(voice[i] for i in kept)
    if total_face <= 0.0 or total_voice <= 0.0:
        return None
    divergence = 0.0
    for i in kept:
        p, q = face[i] / total_face, voice[i] / total_voice
        middle = 0.5 * (p + q)
        divergence += 0.5 * (_bits(p, middle) + _bits(q, middle))
    return min(max(divergence, 0.0), 1.0)


def _bits(p: float, middle: float) -> float:
    """One term of a Kullback-Leibler divergence; 0 log 0 is 0."""
    return p * math.log2(p / middle) if p > 0.0 and middle > 0.0 else 0.0
