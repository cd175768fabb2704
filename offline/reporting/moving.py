"""How affect moved, in a report: a table of people, their shifts, and who follows whom for every pair."""

from collections.abc import Iterator, Sequence
from html import escape

import numpy as np

from liveaffect.models.dynamics.correlation import LAGS_S, MOST_LAG_S, Following
from liveaffect.models.dynamics.coupling import Coupling
from liveaffect.models.dynamics.evidence import DIMENSIONS
from liveaffect.models.dynamics.inertia import LEAST_S, Interval
from liveaffect.models.dynamics.mirroring import Mirrored
from liveaffect.models.dynamics.together import AU12
from liveaffect.offline.reporting.data import FileResults
from liveaffect.offline.reporting.shapes import area, clock, line, runs
from liveaffect.offline.tables.dynamics.motion import FileDynamics, PairFound, dynamics_of
from liveaffect.stream.errors import InputError

MOST_SHIFTS, MOST_PAIRS = 20, 3
_WIDTH, _HEIGHT, _LEFT, _TOP, _BOTTOM = 460.0, 190.0, 44.0, 10.0, 34.0
_HEADS = ("level", "variability", "inertia", "instability")


def moving(found: FileResults) -> Iterator[str]:
    """The section; nothing of photographs, and of recordings too short to tell."""
    if found.is_still or found.to_s - found.from_s < LEAST_S:
        return
    try:
        said = dynamics_of(found.table)
    except InputError:  # a table of another version, without what dynamics rest on
        return
    if not any(one.valence.inertia_s or one.arousal.inertia_s for one in said.whole.values()):
        return
    yield '<div class="person"><h2>How it moved</h2>'
    yield from _people(found, said)
    yield from _shifts(found, said)
    pairs = [pair for pair in said.pairs if pair.pair.following("valence", pair.begin, pair.end) is not None]
    for pair in pairs[:MOST_PAIRS]:
        yield from _pair(found, pair)
    yield "</div>"


def _people(results: FileResults, said: FileDynamics) -> Iterator[str]:
    heads = "".join(f'<th class="n">{head}</th>' for head in _HEADS)
    yield f'<div class="wide"><table><tr><th></th><th></th>{heads}</tr>'
    for who, one in said.whole.items():
        for dimension in DIMENSIONS:
            moved = getattr(one, dimension)
            cells = [
                _number(moved.level, "+.2f"),
                _number(moved.variability, ".2f"),
                _number(moved.inertia_s, ".1f", " s"),
            ]
            cells.append(_number(moved.instability, ".2f"))
            name = f"{escape(_name(results, who))}{' (by the voice)' if one.by == 'voice' and who >= 0 else ''}"
            numbers = "".join(f'<td class="n">{cell}</td>' for cell in cells)
            yield f"<tr><td>{name if dimension == 'valence' else ''}</td><td>{dimension}</td>{numbers}</tr>"
    yield "</table></div>"
    yield (
        '<p class="note">Of the single frames, their noise taken out; in brackets the 90 % interval. Inertia: time in '
        "which what is left of a displacement falls to 37 %. Instability: usual change within a second.</p>"
    )


def _shifts(results: FileResults, said: FileDynamics) -> Iterator[str]:
    if not said.shifts:
        return
    told = "; ".join(
        f"{clock(shift.at_s - said.zero_s, 0.1)} {_name(results, who)}, "
        f"{name} {shift.before:+.2f} to {shift.after:+.2f}"
        for who, name, shift in said.shifts[:MOST_SHIFTS]
    )
    more = f"; and {len(said.shifts) - MOST_SHIFTS} more" if len(said.shifts) > MOST_SHIFTS else ""
    yield f'<p class="note"><b>Shifts</b> {escape(told)}{more}</p>'


def _pair(results: FileResults, found: PairFound) -> Iterator[str]:
    pair, begin, end = found.pair, found.begin, found.end
    names = _name(results, found.first), _name(results, found.second)
    following = pair.following("valence", begin, end)
    assert following is not None
    yield f"<h3>Together: {escape(names[0])} and {escape(names[1])}</h3>"
    yield f'<div class="pair"><figure>{curve(following, names)}'
    yield "<figcaption>Line: correlation of valence by lag. Band: where 95 % of surrogates stay below.</figcaption>"
    yield f"</figure><div><p><b>{escape(who_follows(following, names))}</b></p>"
    lines = [_coupled(pair.coupled("valence", begin, end), names)]
    smiles = pair.expressions(AU12, begin, end)
    lines += [_answered(smiles.second_answers, names), _answered(smiles.first_answers, names[::-1])]
    turns = pair.turns(begin, end)
    if turns is not None and sum(turns.turns):
        offset = "" if turns.offset_s is None else f", with {abs(turns.offset_s):.1f} s " + (
            "of silence" if turns.offset_s >= 0 else "of overlap") + " between them"  # fmt: skip
        lines.append(
            f"{turns.turns[0]} and {turns.turns[1]} turns of speech; the floor changed {turns.changes} times{offset}."
        )
    yield from (f'<p class="note">{escape(text)}</p>' for text in lines if text)
    yield "</div></div>"


def who_follows(found: Following, names: Sequence[str]) -> str:
    """A sentence: who follows whom in valence, or that nobody does beyond chance."""
    if not found.beyond_chance or found.peak <= 0.0:
        return f"Nobody follows: no lag correlates beyond chance ({_chance(found.p)})."
    if found.lag_low_s <= 0.0 <= found.lag_high_s:
        return f"They move together, neither first (correlation {found.peak:.2f})."
    first, second = names if found.lag_s > 0 else names[::-1]
    low, high = sorted((abs(found.lag_low_s), abs(found.lag_high_s)))
    said = f"{second} follows {first} by {abs(found.lag_s):.1f} s"
    return f"{said[0].upper()}{said[1:]} ({low:.1f} to {high:.1f}; correlation {found.peak:.2f}, {_chance(found.p)})."


def curve(found: Following, names: Sequence[str]) -> str:
    """SVG: the mean correlation by lag over what chance gives."""
    top = max(0.2, float(np.nanmax(found.curve)), float(np.nanmax(found.chance))) * 1.1
    bottom = min(-0.2, float(np.nanmin(found.curve)) * 1.1)
    room = _HEIGHT - _TOP - _BOTTOM

    def x(lag: float) -> float:
        return _LEFT + (_WIDTH - _LEFT - 8) * (lag + MOST_LAG_S) / (2 * MOST_LAG_S)

    def y(r: float) -> float:
        return _TOP + room * (top - r) / (top - bottom)

    xs = np.array([x(lag) for lag in LAGS_S])
    curve_y, chance_y = (np.array([y(r) for r in rs]) for rs in (found.curve, found.chance))
    parts = [f'<rect class="panel" x="{_LEFT}" y="{_TOP}" width="{_WIDTH - _LEFT - 8}" height="{room}"/>']
    for part in runs(np.isfinite(chance_y)):
        floor = np.full(part.stop - part.start, _TOP + room)
        parts.append(f'<path class="missing" d="{area(xs[part], chance_y[part], floor)}"/>')
    parts.append(f'<path class="zero" d="M{x(0):.1f} {_TOP}v{room}"/>')
    parts += [f'<path class="line valence" d="{line(xs[p], curve_y[p])}"/>' for p in runs(np.isfinite(curve_y))]
    if found.beyond_chance and found.peak > 0:
        parts.append(f'<path class="marker" d="M{x(found.lag_s):.1f} {_TOP}v{room}"/>')
    for lag in (-4, -2, 0, 2, 4):
        word = f"{lag:+d} s" if lag else "0"
        parts.append(f'<text x="{x(lag):.1f}" y="{_TOP + room + 13}" text-anchor="middle">{word}</text>')
    for r in (0.0, round(top * 0.8, 1)):
        parts.append(f'<text class="end" x="{_LEFT - 6}" y="{y(r) + 4:.1f}" text-anchor="end">{r:.1f}</text>')
    ends = ((_LEFT, "start", f"{names[0]} follows"), (_WIDTH - 8, "end", f"{names[1]} follows"))
    parts += [f'<text class="end" x="{at}" y="{_HEIGHT - 6}" text-anchor="{a}">{escape(t)}</text>' for at, a, t in ends]
    label = escape(who_follows(found, names), quote=True)
    return f'<svg viewBox="0 0 {_WIDTH:.0f} {_HEIGHT:.0f}" role="img" aria-label="{label}">{"".join(parts)}</svg>'


def _coupled(found: Coupling | None, names: Sequence[str]) -> str:
    if found is None:
        return ""
    said: list[str] = []
    for influence, who, by in (
        (found.second_by_first, names[1], names[0]),
        (found.first_by_second, names[0], names[1]),
    ):
        rate = influence.rate
        word = "is drawn to" if rate.value > 0 else "moves away from"
        if not influence.beyond_chance:
            word = "is not drawn beyond chance to"
        said.append(f"{who} {word} {by} ({rate.value:+.2f} per second, {rate.low:+.2f} to {rate.high:+.2f})")
    return f"Coupling of valence: {'; '.join(said)}."


def _answered(found: Mirrored | None, names: Sequence[str]) -> str:
    if found is None:
        return ""
    text = f"{names[1]} answered {found.answered} of {found.onsets} smiles of {names[0]} within a second"
    return f"{text[0].upper()}{text[1:]}; by chance it would be {found.chance:.1f} ({_chance(found.p)})."


def _chance(p: float) -> str:
    return f"p {p:.2f}" if p >= 0.01 else "p below 0.01"


def _name(found: FileResults, who: int) -> str:
    return found.called(who) if who >= 0 else "the voice out of view"


def _number(found: Interval | None, form: str, unit: str = "") -> str:
    if found is None:
        return "–"
    return f"{found.value:{form}}{unit} ({found.low:{form}} to {found.high:{form}})"
