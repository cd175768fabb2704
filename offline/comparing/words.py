"""What a comparison says in sentences, and what it cannot say."""

from collections.abc import Iterator

from liveaffect.models.evaluation.contrast import LEAST
from liveaffect.offline.comparing.differences import Comparison, Contrast
from liveaffect.stream.messages import SHORT_STATE_WORDS

STATE_WORDS = {
    **SHORT_STATE_WORDS,
    "node_down": "stopped",
    "away": "not in view",
    "outside": "not recorded",
}


def number(value: float | None, ratio: bool = False, signed: bool = True) -> str:
    """As a page writes it: a ratio with a times sign."""
    if value is None:
        return "–"
    if ratio:
        return f"×{value:.2f}" if value < 100 else f"×{value:.0f}"
    if abs(value) < 0.005:
        return "0.00"
    return f"{value:+.2f}" if signed else f"{value:.2f}"


def named(contrast: Contrast) -> str:
    """A measure's name in words: level_valence is "valence, level"."""
    kind, _, rest = contrast.measure.name.partition("_")
    rest = rest.removesuffix("_s")
    return f"{rest}, {kind}" if kind in ("level", "variability", "inertia", "instability") else rest or kind


def sentence(contrast: Contrast, level: float) -> str:
    """One contrast in a sentence."""
    said = contrast.difference
    if said is None:
        return f"{named(contrast)}: too little to compare."
    ratio = contrast.measure.ratio
    span = ""
    if said.low is not None:
        span = f" ({level:.0%} interval {number(said.low, ratio)} to {number(said.high, ratio)})"
    verdict = "differs" if contrast.clear else "no difference is shown" if said.low is not None else "no interval"
    return f"{named(contrast)}: {number(said.value, ratio)}{span}; {verdict}."


def rests_on(found: Comparison) -> str:
    """What intervals are over, and how they were made."""
    designs = {one.design for one in found.contrasts}
    said: list[str] = []
    if "paired" in designs:
        said.append(
            "Differences are within participants (paired). Each interval reaches as far as the further of Student's "
            "t and "
            "a bootstrap of t over participants."
        )
    if "between" in designs:
        said.append(
            "Where other people were in each condition, differences are between them: the further of Welch's t and its "
            "bootstrap over participants."
        )
    if "segments" in designs:
        said.append(
            "For the one participant, intervals are over the stretches of each condition (Welch's t and its bootstrap)."
        )
    if "time" in designs:
        said.append(
            "For the one participant, intervals are over time: seconds near each other are alike, so a mean counts "
            "as so "
            "many independent ones as the recording is long against its own memory."
        )
    return " ".join(said) or "There is too little for any interval."


def limits(found: Comparison) -> Iterator[str]:
    """What these numbers cannot show."""
    n = len(found.participants)
    if n == 1:
        yield (
            "There is one participant. Intervals speak of this person in these recordings: nothing here says that "
            "people "
            "in general differ between the conditions, however narrow an interval is."
        )
        if any(one.design == "time" for one in found.contrasts):
            yield (
                "Each condition was met once or twice, at its own time. Whatever else changed between those times "
                "(light, pose, tiredness, habit) is in the difference too, and no interval can tell it apart. Repeat "
                "conditions in changing order: from three stretches each, intervals are over stretches."
            )
    elif n < LEAST:
        yield f"There are {n} participants: too few for any interval. Differences are what was seen, no more."
    elif n < 12:
        yield (
            f"There are {n} participants. Intervals are as wide as so few allow, and a difference that is not shown "
            f"may "
            "well be there."
        )
    count = sum(1 for one in found.contrasts if one.difference is not None and one.difference.low is not None)
    if count > 1:
        share = 1 - found.level
        yield (
            f"There are {count} intervals. If nothing differed at all, about {count * share:.1f} of them would show a "
            "difference by chance: say beforehand which measures count, and take the others as hints."
        )
    missing = [one for one in found.contrasts if one.measure.name == "missing" and one.difference is not None]
    apart = [one for one in missing if one.difference is not None and abs(one.difference.value) >= 0.1]
    if apart:
        yield (
            "More is missing in one condition than in another ("
            + "; ".join(
                f"{one.second} {one.difference.value:+.0%} against {one.first}" for one in apart if one.difference
            )
            + "). What was not seen may have been different from what was."
        )
    short = [c for c in found.conditions if sum(one.known_s for one in found.of(c)) < 30 * max(1, len(found.table(c)))]
    if short:
        yield (
            f"Less than half a minute with numbers per participant in: {', '.join(short)}. Dynamics need half a "
            f"minute in one stretch."
        )
    yield (
        "Levels are what faces and voices show, by a model: an error that is the same in both conditions cancels, "
        "one that goes with the condition (light, glasses, speaking) does not."
    )
    yield (
        "A difference is no cause. Orders, times of day and expectations differ too unless the design takes care of "
        "them."
    )
