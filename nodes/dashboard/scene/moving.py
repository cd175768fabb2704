"""How a person's affect moves, and who follows whom, in words that say what is chance. No Qt here."""

from collections.abc import Mapping
from dataclasses import dataclass

from liveaffect.models.dynamics.correlation import CHANCE, MOST_LAG_S, WINDOW_S
from liveaffect.models.dynamics.inertia import LEAST_S
from liveaffect.nodes.dashboard.scene.over import NODES
from liveaffect.nodes.dashboard.scene.shown import Scene
from liveaffect.nodes.dashboard.scene.words import Reason, clock, percent, signed
from liveaffect.stream import messages as m

LEAST_PAIR_S = 80.0
"""Before so much of both there are no other times to compare a window with."""
AT_ONCE_S = 0.15
"""Lags below this are not told from none."""
ANSWER_S = 1.0
MEASURES = (
    ("level", "level", "Where the person stays on average, −1 to 1"),
    ("variability", "variability", "Standard deviation about the level, without the estimate's own noise"),
    ("inertia_s", "inertia", "Seconds in which what is left of a displacement falls to 37 %: long carries over"),
    ("instability", "instability", "Root mean square of the differences over one second, without the noise"),
)
HOW = {
    "moving": ("liveaffect live --dynamics", "enabled = true under [dynamics]", "dynamics"),
    "why": ("liveaffect live --reasons", "enabled = true under [reasons]", "reasons"),
}


@dataclass(frozen=True)
class Verdict:
    """What is found of a pair in one dimension: a headline, what it rests on, and whether it is beyond chance."""

    headline: str
    basis: str
    beyond: bool | None
    """None where there is too little to tell."""


def switched_off(scene: Scene, panel: str) -> Reason | None:
    """Why a panel has nothing to show, with the way to switch its node on; None while the node runs."""
    node = NODES[panel]
    command, setting, topic = HOW[panel]
    if scene.kind == "replay":
        heard = scene.over.dynamics is not None if panel == "moving" else bool(scene.over.reasons)
        if heard:
            return None
        after = (
            "Afterwards: liveaffect score FILM --dynamics TABLE.parquet"
            if panel == "moving"
            else "Afterwards, where its film is still there: liveaffect why SESSION --at SECONDS"
        )
        return Reason(f"Nothing was recorded of {topic} here", f"Record with --{topic}. {after}")
    health = scene.health.get(node)
    if health is not None and health.state in m.DOWN:
        return Reason(f"{node} is down", health.error or "It is started again by itself")
    if health is not None or node in (scene.facts.get("nodes") or ()):
        return None
    return Reason(
        f"The node {node} does not run", f"Start the sensor with {command}, or set {setting} in its launch file"
    )


def interval_words(found: m.Interval | None, digits: int = 2, *, sign: bool = False) -> tuple[str, str]:
    """The value, and its 90 % interval in brackets; ("", "") for none."""
    if found is None:
        return "", ""
    say = (lambda x: signed(x, digits)) if sign else (lambda x: f"{x:.{digits}f}")
    return say(found.value), f"{say(found.low)} to {say(found.high)}"


def moved_words(said: m.PersonDynamics | None, dimension: str) -> list[tuple[str, str]]:
    """(value, interval) of each of `MEASURES`; a value that is not known yet says what it waits for."""
    moved = None if said is None else getattr(said, dimension)
    found: list[tuple[str, str]] = []
    for name, *_ in MEASURES:
        interval = None if moved is None else getattr(moved, name)
        if interval is None:
            seconds = 0.0 if moved is None else moved.seconds
            found.append(("", f"after {LEAST_S:.0f} s ({seconds:.0f} s so far)" if seconds < LEAST_S else "not known"))
            continue
        digits = 2 if name != "inertia_s" or interval.high < 9.95 else (1 if interval.high < 99.5 else 0)
        value, between = interval_words(interval, digits, sign=name == "level")
        found.append((f"{value} s" if name == "inertia_s" else value, between))
    return found


def shift_words(shift: m.Shift, now_ns: int) -> str:
    """ "valence +0.10 → +0.52, 0:34 ago, certainty 93 %"."""
    ago = clock(max(0.0, (now_ns - shift.at_ns) / 1e9))
    return (
        f"{shift.dimension} {signed(shift.before)} → {signed(shift.after)}, {ago} ago, "
        f"certainty {percent(shift.certainty)}"
    )


def names_of(scene: Scene, pair: m.PairDynamics) -> tuple[str, str]:
    """What both are called on screen."""
    first, second = (scene.people.get(who) for who in (pair.first, pair.second))
    return (first.name if first else f"face {pair.first}", second.name if second else f"face {pair.second}")


def following_words(pair: m.PairDynamics, dimension: str, names: tuple[str, str]) -> Verdict:
    """Who follows whom in valence or arousal, and how often chance alone looks so."""
    found: m.Following | None = getattr(pair, dimension)
    if found is None:
        if pair.seconds < LEAST_PAIR_S:
            return Verdict("Not known yet", f"needs {LEAST_PAIR_S:.0f} s of both, {pair.seconds:.0f} s so far", None)
        return Verdict("Not known", "both were seldom seen at once, or hardly moved", None)
    rare = f"chance alone rises as high in {percent(found.p)} of comparisons"
    if found.p > CHANCE:
        return Verdict("Nobody follows beyond chance", f"highest correlation {found.peak:.2f}; {rare}", False)
    between = f"{abs(found.lag_s):.1f} s"
    low, high = sorted((found.lag_low_s, found.lag_high_s), key=abs)
    if found.lag_low_s <= 0.0 <= found.lag_high_s or abs(found.lag_s) < AT_ONCE_S:
        headline = f"{names[0]} and {names[1]} move at once"
        width = f"{signed(found.lag_low_s, 1)} to {signed(found.lag_high_s, 1)} s"
    else:
        ahead, behind = names if found.lag_s > 0 else names[::-1]
        headline = f"{behind} follows {ahead} by {between}"
        width = f"{abs(low):.1f} to {abs(high):.1f} s"
    return Verdict(_capital(headline), f"lag {width} (90 %), correlation {found.peak:.2f}; {rare}", True)


def pull_words(coupling: m.Coupling | None, names: tuple[str, str]) -> list[tuple[str, str, m.Interval | None]]:
    """Rows (who by whom, verdict, rate per second) of the coupling, or what it waits for."""
    rows: list[tuple[str, str, m.Interval | None]] = []
    first, second = names
    for ahead, behind, one in (
        (first, second, None if coupling is None else coupling.second_by_first),
        (second, first, None if coupling is None else coupling.first_by_second),
    ):
        name = f"{ahead} → {behind}"
        if one is None:
            rows.append((name, "not known yet", None))
        elif not one.beyond_chance:
            rows.append((name, "no pull beyond chance", one.rate))
        elif one.rate.value > 0:
            rows.append((name, f"pulls {one.rate.value:.2f} /s", one.rate))
        else:
            rows.append((name, "away: read the lag instead", one.rate))
    return rows


def answer_words(pair: m.PairDynamics, names: tuple[str, str]) -> list[str]:
    """Smiles and frowns that were answered, against chance; those of which there was none are left out."""
    rows: list[str] = []
    for what, (ahead, behind), found in (
        ("smiles", names, pair.second_smiles_back), ("smiles", names[::-1], pair.first_smiles_back),
        ("frowns", names, pair.second_frowns_back), ("frowns", names[::-1], pair.first_frowns_back),
    ):  # fmt: skip
        if found is not None and found.onsets:
            verdict = "beyond chance" if found.p <= CHANCE and found.answered > found.chance else "not beyond chance"
            rows.append(
                f"{_capital(behind)} answered {found.answered} of {ahead}'s {found.onsets} {what} within "
                f"{ANSWER_S:.0f} s, {found.chance:.1f} by chance: {verdict}"
            )
    return rows or ["No smile or frown of either yet that the other could have answered"]


def turn_words(found: m.Turns | None, names: tuple[str, str]) -> str:
    """Turns of speech, overlap and gap in one sentence."""
    if found is None or not sum(found.turns):
        return "Nobody has spoken yet"
    told = ", ".join(
        f"{name} {seconds:.0f} s in {count} turn{'' if count == 1 else 's'}"
        for name, seconds, count in zip(names, found.speech_s, found.turns, strict=True)
    )
    between = ""
    if found.offset_s is not None:
        kind = "gap" if found.offset_s >= 0 else "overlap"
        between = f"; the floor changed {found.changes} times, usual {kind} {abs(found.offset_s):.1f} s"
    return f"Speech: {told}; both at once {found.overlap_s:.0f} s{between}"


PAIR_TIP = (
    f"Windows of {WINDOW_S:.0f} s of both people are correlated with one of them moved by up to {MOST_LAG_S:.0f} s.\n"
    "The grey hill is what windows of other times, that share nothing, reach by chance (95 %). Only a peak above it\n"
    "counts, and one pair of strangers in twenty looks so. Who follows is not who causes: both may follow a third.\n"
    "Pull: how fast one's affect is drawn to where the other's is, per second, with a 90 % interval."
)


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def most_telling(pairs: Mapping[str, Verdict]) -> str:
    """Of valence and arousal the dimension to tell first: one beyond chance, else valence."""
    return next((name for name, said in pairs.items() if said.beyond), "valence")
