"""Face and voice of one person at one time into one answer."""

from typing import NamedTuple

from liveaffect.models.fusion.track import FACE, VOICE, Pace, View


class Joined(NamedTuple):
    """Means, variances and eight probabilities, and how much of them comes from the face, 0 to 1."""

    valence: float
    valence_var: float
    arousal: float
    arousal_var: float
    emotions: tuple[float, ...]
    face_weight: float


def join(face: View | None, voice: View | None, prior_vars: tuple[float, float], unseen: tuple[int, ...]) -> Joined:
    """What face and voice say together; one of them at least says something.

    `prior_vars` are of valence and arousal; `unseen` the categories (indices) the voice knows nothing of, whose share
    stays the face's.
    """
    if face is None or voice is None:
        one = voice if face is None else face
        assert one is not None
        weight = 0.0 if face is None else 1.0
        return Joined(one.valence, one.valence_var, one.arousal, one.arousal_var, one.emotions, weight)
    valence, valence_var, by_valence = meet(
        face.valence, face.valence_var, voice.valence, voice.valence_var, prior_vars[0]
    )
    arousal, arousal_var, by_arousal = meet(
        face.arousal, face.arousal_var, voice.arousal, voice.arousal_var, prior_vars[1]
    )
    weight = 0.5 * (by_valence + by_arousal)
    sure = 1.0 - 0.5 * (face.valence_var / prior_vars[0] + face.arousal_var / prior_vars[1])
    emotions = _mixed(face.emotions, voice.emotions, weight, min(max(2.0 * sure, 0.0), 1.0), unseen)
    return Joined(valence, valence_var, arousal, arousal_var, emotions, weight)


def coasted(joined: Joined, waited_s: float, paces: tuple[Pace, Pace]) -> Joined:
    """The same answer `waited_s` after the last estimate of either modality: means stay, intervals widen."""
    face, voice = joined.face_weight * waited_s, (1.0 - joined.face_weight) * waited_s
    return joined._replace(
        valence_var=joined.valence_var + face * paces[FACE].valence_per_s + voice * paces[VOICE].valence_per_s,
        arousal_var=joined.arousal_var + face * paces[FACE].arousal_per_s + voice * paces[VOICE].arousal_per_s,
    )


def meet(x: float, x_var: float, y: float, y_var: float, prior_var: float) -> tuple[float, float, float]:
    """Mean and variance of two answers that share a prior, and the weight of the first.

    Means of affect given independent evidence err together by x_var y_var / prior_var, as both lean on one prior. The
    weights of least variance are then what each adds to the prior's precision: never negative, and nothing for an
    answer as wide as the prior. What they differ by beyond their deviations is variance between them, as in a random
    effects model (DerSimonian and Laird 1986): two that agree narrow the interval, two that contradict each other
    widen it.
    """
    nothing = 1.0 / prior_var
    of_x, of_y = max(1.0 / x_var - nothing, 0.0), max(1.0 / y_var - nothing, 0.0)
    if of_x + of_y == 0.0:  # neither says anything: no more does the mean
        weight = y_var / (x_var + y_var)
        return weight * x + (1.0 - weight) * y, min(x_var, y_var), weight
    weight = of_x / (of_x + of_y)
    other, shared = 1.0 - weight, x_var * y_var * nothing
    variance = weight * weight * x_var + other * other * y_var + 2.0 * weight * other * shared
    between = max((x - y) ** 2 - (x_var + y_var - 2.0 * shared), 0.0)
    return weight * x + other * y, variance + weight * other * between, weight


def _mixed(
    face: tuple[float, ...], voice: tuple[float, ...], weight: float, sure: float, unseen: tuple[int, ...]
) -> tuple[float, ...]:
    """Linear pool (Stone 1961): no category leaves what face and voice say of it.

    Of categories the voice is blind to, it repeats what the face says, less so as the face gets unsure (`sure`, 0 to
    1).
    """
    other = 1.0 - weight
    blind = [sure * face[i] + (1.0 - sure) * voice[i] for i in unseen]
    heard = sum([p for i, p in enumerate(voice) if i not in unseen])  # not 1 minus the others: it may be tiny
    if heard <= 0.0:  # all it says is of what it knows nothing of: the face stands for it as far as it is sure
        share = weight + other * sure
        return tuple([share * x + (1.0 - share) * y for x, y in zip(face, voice, strict=True)])
    part = other * (1.0 - sum(blind)) / heard
    mixed = [weight * x + part * y for x, y in zip(face, voice, strict=True)]
    for i, repeated in zip(unseen, blind, strict=True):
        mixed[i] = weight * face[i] + other * repeated
    return tuple(mixed)
