"""Compound emotions: the name for two categories that both have a good share of a distribution."""

from collections.abc import Sequence
from typing import Final

from liveaffect.models.circumplex import EMOTIONS, N_EMOTIONS
from liveaffect.models.errors import BadInput

COMPOUNDS: Final[dict[str, tuple[str, str]]] = {
    "fearfully surprised": ("fear", "surprise"),
    "happily surprised": ("happiness", "surprise"),
    "sadly surprised": ("sadness", "surprise"),
    "disgustedly surprised": ("disgust", "surprise"),
    "angrily surprised": ("anger", "surprise"),
    "sadly fearful": ("sadness", "fear"),
    "sadly angry": ("sadness", "anger"),
}
"""Name -> its two categories: the seven of C-EXPR-DB (Kollias 2023, "Multi-label compound expression recognition",
CVPR), under the names of Du, Tao and Martinez (2014), "Compound facial expressions of emotion", PNAS 111(15)."""

LEAST: Final = 0.2
"""Share that each of the two must have. Chosen on FER+ training faces held out: of the names given there half were the
votes' two top categories."""

_NAME_OF: Final = {frozenset(EMOTIONS.index(part) for part in pair): name for name, pair in COMPOUNDS.items()}


def compound(emotions: Sequence[float] | None, least: float = LEAST) -> str:
    """The compound emotion of a distribution, or "".

    The rule: the two categories with the largest shares, neutral among those that compete, are a pair of `COMPOUNDS`,
    and each has at least `least` of the whole.

    Parameters
    ----------
    emotions: eight shares in the order of `EMOTIONS`, any positive sum; None, and what sums to zero, has no name.
    least: 0 to 0.5.

    Raises
    ------
    BadInput: not eight finite entries that are not negative.
    """
    if emotions is None:
        return ""
    if len(emotions) != N_EMOTIONS or not all(0.0 <= p < float("inf") for p in emotions):
        raise BadInput(f"a compound emotion is told from eight shares over {EMOTIONS}, not from {tuple(emotions)!r}")
    first, second = sorted(range(N_EMOTIONS), key=lambda k: (-emotions[k], k))[:2]
    total = sum(emotions)
    if total <= 0.0 or emotions[second] < least * total:
        return ""
    return _NAME_OF.get(frozenset((first, second)), "")
