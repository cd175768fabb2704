"""Pictures of a comparison: participants over conditions, differences with intervals, shares, what is missing."""

import math
from collections.abc import Iterator, Mapping, Sequence
from html import escape

import numpy as np

from liveaffect.models.circumplex import EMOTIONS
from liveaffect.models.evaluation.contrast import t_quantile
from liveaffect.offline.comparing.differences import Comparison, Contrast
from liveaffect.offline.comparing.segments import missing_of, pooled
from liveaffect.offline.comparing.words import STATE_WORDS, named, number
from liveaffect.offline.reporting.shapes import shortened

_ROW, _NAME, _RIGHT, _WIDTH = 26.0, 170.0, 290.0, 1000.0
_RATIOS, _FINE = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20), (0.25, 0.5, 0.67, 0.8, 1, 1.25, 1.5, 2, 4)
STYLE = """
svg .who{fill:none;stroke:var(--faint);stroke-width:1.2;opacity:.55} svg .dot{stroke:var(--page);stroke-width:1.2}
svg .dot.other{fill:var(--faint)}
svg .dot.valence,svg .bar.valence{fill:var(--valence)} svg .dot.arousal,svg .bar.arousal{fill:var(--arousal)}
svg .mean-line{fill:none;stroke-width:2.6} svg .mean-line.valence,svg .reach.valence{stroke:var(--valence)}
svg .mean-line.arousal,svg .reach.arousal{stroke:var(--arousal)} svg .reach{stroke-width:2.2;fill:none}
svg .clear{stroke:var(--valence)} svg .clear-dot{fill:var(--valence)} svg .unclear{stroke:var(--faint)}
svg .unclear-dot{fill:var(--page);stroke:var(--faint);stroke-width:2} svg .said{font-size:12px;fill:var(--ink)}
svg .group{font-size:12px;font-weight:650;fill:var(--soft)} svg .known{fill:var(--voice);opacity:.75}
svg .on-bar{fill:#fff;paint-order:stroke;stroke:rgba(0,0,0,.5);stroke-width:2.4px}
svg .gone{fill:var(--missing);stroke:var(--page)} svg .cond{font-size:12.5px;fill:var(--ink)}
.duo{display:grid;grid-template-columns:1fr 1fr;gap:28px}.duo figure svg{min-width:0}
@media screen and (max-width:760px){.duo{grid-template-columns:1fr}}
"""


def levels(found: Comparison, dimension: str) -> str:
    """Everyone's level in each condition, lines between those of one participant, and the mean with its interval."""
    width, height, left, bottom, top = 480.0, 300.0, 44.0, 34.0, 14.0
    tables = [
        {who: v for who, m in found.table(c).items() if (v := m[f"level_{dimension}"]) is not None}
        for c in found.conditions
    ]
    values = [v for table in tables for v in table.values()] or [0.0]
    low, high = min(*values, 0.0), max(*values, 0.0)
    room = max(high - low, 0.1) * 0.12
    low, high = max(low - room, -1.0), min(high + room, 1.0)

    def x(k: int) -> float:
        return left + (width - left) * (k + 0.5) / len(found.conditions)

    def y(v: float) -> float:
        return top + (height - top - bottom) * (high - min(max(v, low), high)) / (high - low)

    parts = [f'<rect class="panel" x="{left}" y="{top}" width="{width - left - 1}" height="{height - top - bottom}"/>']
    for v in _ticks(low, high):
        parts.append(f'<path class="{"zero" if v == 0 else "grid"}" d="M{left} {y(v):.1f}H{width - 1}"/>')
        parts.append(f'<text class="end" x="{left - 6}" y="{y(v) + 4:.1f}" text-anchor="end">{_word(v)}</text>')
    for who in found.participants:
        places = [(x(k), y(table[who])) for k, table in enumerate(tables) if who in table]
        told = f"<title>{escape(who)}</title>"
        if len(places) > 1:
            parts.append(f'<path class="who" d="M{"L".join(f"{a:.1f} {b:.1f}" for a, b in places)}">{told}</path>')
        alone = dimension if len(found.participants) == 1 else "other"
        parts += [f'<circle class="dot {alone}" cx="{a:.1f}" cy="{b:.1f}" r="3.4">{told}</circle>' for a, b in places]
    means = [(k, np.array(list(table.values()))) for k, table in enumerate(tables) if table]
    path = "L".join(f"{x(k):.1f} {y(float(v.mean())):.1f}" for k, v in means)
    if len(found.participants) > 1:
        parts.append(f'<path class="mean-line {dimension}" d="M{path}"/>')
        for k, v in means:
            m = float(v.mean())
            if len(v) >= 3:
                half = t_quantile(0.5 + found.level / 2, len(v) - 1) * float(v.std(ddof=1)) / math.sqrt(len(v))
                parts.append(f'<path class="reach {dimension}" d="M{x(k):.1f} {y(m - half):.1f}V{y(m + half):.1f}"/>')
            parts.append(f'<circle class="dot {dimension}" cx="{x(k):.1f}" cy="{y(m):.1f}" r="6"/>')
    each = (width - left) / len(found.conditions)
    for k, name in enumerate(found.conditions):
        text = escape(shortened(name, each - 8))
        parts.append(f'<text class="cond" x="{x(k):.1f}" y="{height - 12}" text-anchor="middle">{text}</text>')
    label = escape(f"{dimension} of each participant in each condition", quote=True)
    return f'<svg viewBox="0 0 {width:.0f} {height:.0f}" role="img" aria-label="{label}">{"".join(parts)}</svg>'


def forest(contrasts: Sequence[Contrast], level: float) -> str:
    """Differences with intervals, a row each; ratios on a scale of their own below."""
    there = [one for one in contrasts if one.mean_first or one.mean_second]  # a category that never was says nothing
    plain = [one for one in there if not one.measure.ratio and one.difference is not None]
    ratios = [one for one in there if one.measure.ratio and one.difference is not None]
    parts: list[str] = []
    top = 6.0
    for some, ratio in ((plain, False), (ratios, True)):
        if some:
            made, top = _rows(some, ratio, top)
            parts += made
    label = f"Differences with {level:.0%} intervals"
    return f'<svg viewBox="0 0 {_WIDTH:.0f} {top:.0f}" role="img" aria-label="{label}">{"".join(parts)}</svg>'


def _rows(some: Sequence[Contrast], ratio: bool, top: float) -> tuple[list[str], float]:
    def scale(v: float) -> float:
        return math.log(max(v, 1e-9)) if ratio else v

    ends = [scale(v) for one in some if one.difference for v in one.difference if v is not None]
    centre = [abs(scale(one.difference.value)) for one in some if one.difference]
    most = min(max(map(abs, ends)), max(4 * max(centre, default=0.0), math.log(4) if ratio else 0.3)) * 1.05
    most = max(most, math.log(1.5) if ratio else 0.05)
    left, right = _NAME + 8, _WIDTH - _RIGHT

    def x(v: float) -> float:
        return left + (right - left) * (min(max(v, -most), most) + most) / (2 * most)

    parts, begin = list[str](), top
    group = ""
    for one in some:
        if one.measure.group != group:
            group = one.measure.group
            parts.append(f'<text class="group" x="0" y="{top + 15}">{group}{", as a ratio" if ratio else ""}</text>')
            top += 22
        said = one.difference
        assert said is not None
        kind = "clear" if one.clear else "unclear"
        middle = top + _ROW / 2 - 4
        parts.append(f'<text class="label" x="{_NAME}" y="{middle + 4}" text-anchor="end">{escape(named(one))}</text>')
        text = number(said.value, ratio)
        if said.low is not None and said.high is not None:
            a, b = x(scale(said.low)), x(scale(said.high))
            parts.append(f'<path class="reach {kind}" d="M{a:.1f} {middle}H{b:.1f}"/>')
            for v, at, way in ((scale(said.low), a, 5), (scale(said.high), b, -5)):
                if abs(v) > most:  # it goes on beyond the picture
                    tips = f"M{at + way:.1f} {middle - 4}L{at:.1f} {middle}L{at + way:.1f} {middle + 4}"
                    parts.append(f'<path class="reach {kind}" d="{tips}"/>')
            text += f"  [{number(said.low, ratio)}, {number(said.high, ratio)}]"
        parts.append(f'<circle class="{kind}-dot" cx="{x(scale(said.value)):.1f}" cy="{middle}" r="4.6"/>')
        if one.effect is not None:
            text += f"   {one.effect_name.split()[0]} {one.effect[0]:+.2f}"
        parts.append(f'<text class="said" x="{right + 12}" y="{middle + 4}">{escape(text)}</text>')
        top += _ROW
    grid = [math.log(r) for r in (_RATIOS if most > math.log(4) else _FINE)] if ratio else _ticks(-most, most)
    lines: list[str] = []
    for v in (v for v in grid if abs(v) <= most):
        lines.append(f'<path class="{"zero" if v == 0 else "grid"}" d="M{x(v):.1f} {begin}V{top}"/>')
        word = f"×{math.exp(v):.2g}" if ratio else _word(v)
        lines.append(f'<text class="tick" x="{x(v):.1f}" y="{top + 14}" text-anchor="middle">{word}</text>')
    return [*lines, *parts], top + 30


def shares(found: Comparison) -> str:
    """Share of each category by condition, the mean over participants; a bar each."""

    def pieces(condition: str) -> Iterator[tuple[float, str, str, str]]:
        table = list(found.table(condition).values())
        for name in EMOTIONS:
            some = [v for m in table if (v := m[f"share_{name}"]) is not None]
            share = sum(some) / len(some) if some else 0.0
            yield share, f"e-{name}", f"{name} {share:.0%}", name if share > 0.12 else ""

    return _bars({c: list(pieces(c)) for c in found.conditions}, "Shares of categories by condition")


def missing(found: Comparison) -> str:
    """Of the time of each condition, how much has numbers and why the rest has none."""

    def pieces(condition: str) -> Iterator[tuple[float, str, str, str]]:
        some = found.of(condition)
        whole = sum(one.seconds + one.missing_s.get("outside", 0.0) for one in some) or 1.0
        gone = missing_of(some)
        known = sum(one.known_s for one in some) / whole
        yield known, "known", f"with numbers {known:.0%}", f"with numbers {known:.0%}"
        for state, seconds in gone.items():
            word = STATE_WORDS.get(state, state)
            yield (
                seconds / whole,
                "gone",
                f"{word} {seconds / whole:.0%}, {seconds:.0f} s",
                f"{word} {seconds / whole:.0%}",
            )

    return _bars({c: list(pieces(c)) for c in found.conditions}, "Time with and without numbers by condition")


def _bars(rows: Mapping[str, Sequence[tuple[float, str, str, str]]], label: str) -> str:
    parts: list[str] = []
    left, width = 172.0, _WIDTH - 172.0
    for k, (condition, pieces) in enumerate(rows.items()):
        y, at = 4 + 36.0 * k, left
        name = escape(shortened(condition, left - 12))
        parts.append(f'<text class="cond" x="{left - 12}" y="{y + 18}" text-anchor="end">{name}</text>')
        for share, kind, told, text in pieces:
            if share <= 0:
                continue
            room = width * min(share, 1.0)
            parts.append(
                f'<rect class="{kind}" x="{at:.1f}" y="{y}" width="{max(room - 1, 0.5):.1f}" height="27" rx="2">'
                f"<title>{escape(told)}</title></rect>"
            )
            if text and room > 7.0 * len(text):
                ink = "why" if kind == "gone" else "on-bar"
                parts.append(f'<text class="{ink}" x="{at + 8:.1f}" y="{y + 18}">{escape(text)}</text>')
            at += room
    height = 4 + 36.0 * len(rows)
    return f'<svg viewBox="0 0 {_WIDTH:.0f} {height:.0f}" role="img" aria-label="{label}">{"".join(parts)}</svg>'


def seconds_of(found: Comparison, condition: str) -> tuple[float, float]:
    """Seconds with numbers, and seconds asked for, of a condition."""
    some = found.of(condition)
    return sum(one.known_s for one in some), sum(one.seconds + one.missing_s.get("outside", 0.0) for one in some)


def means(found: Comparison, condition: str) -> dict[str, float | None]:
    """Mean over participants of every measure."""
    table = list(found.table(condition).values())
    out: dict[str, float | None] = {}
    for name in table[0] if table else pooled([]):
        some = [v for m in table if (v := m[name]) is not None]
        out[name] = sum(some) / len(some) if some else None
    return out


def _ticks(low: float, high: float) -> list[float]:
    step = next((s for s in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0) if (high - low) / s <= 7), 5.0)
    return [k * step for k in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]


def _word(v: float) -> str:
    return f"{v:+.2g}" if abs(v) > 1e-9 else "0"
