"""Whether numbers say more than that somebody is there: an interval as wide as the prior's is heard, not told."""

from typing import Final, NamedTuple

from liveaffect.models.fusion.filter import FusionSettings

NOT_TOLD: Final = "heard, not told"
SEEN_NOT_TOLD: Final = "seen, not told"
LEAST_SHARE: Final = 0.36
"""Of the prior's variance, what an estimate must have taken away to be told: its sd is 0.8 of the prior's, or less.

Voices state 0.40 to 0.56 of valence on the demo and on read speech, faces up to 0.35 where half of them is covered.
"""


class Told(NamedTuple):
    """Which numbers of a person say something."""

    valence: bool
    arousal: bool

    @property
    def emotions(self) -> bool:
        """Categories differ most in valence: where that is open, so are they."""
        return self.valence


def told(
    valence_sd: float | None, arousal_sd: float | None, prior_vars: tuple[float, float] = FusionSettings().prior_vars
) -> Told:
    """Which of valence and arousal are told, by their standard deviations; what has none is not.

    `prior_vars` are the variances of valence and arousal when nothing is known.
    """
    most = [(1.0 - LEAST_SHARE) * variance for variance in prior_vars]
    return Told(
        valence_sd is not None and valence_sd**2 <= most[0], arousal_sd is not None and arousal_sd**2 <= most[1]
    )


def not_told(voice_weight: float | None) -> str:
    """The words for someone who is not told, by how much of the numbers comes from the voice."""
    return SEEN_NOT_TOLD if voice_weight is not None and voice_weight < 0.5 else NOT_TOLD
