"""The page of a comparison: one HTML file that needs nothing but a browser."""

from collections.abc import Iterator
from html import escape

from liveaffect.offline.comparing.differences import Comparison, Contrast
from liveaffect.offline.comparing.drawing import STYLE, forest, levels, means, missing, seconds_of, shares
from liveaffect.offline.comparing.words import limits, named, number, rests_on
from liveaffect.offline.reporting.shapes import clock
from liveaffect.offline.reporting.style import style_sheet

MOST_ROWS = 60
_KEY = "".join(
    f'<li><span class="e-{name}"></span>{name}</li>'
    for name in ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt")
)


def page(found: Comparison, made: str) -> str:
    """The whole HTML file; `made` is its last line."""
    title = " against ".join(found.conditions) if len(found.conditions) == 2 else f"{len(found.conditions)} conditions"
    parts = [*_header(found, title), *_levels(found)]
    for first, second in dict.fromkeys((one.first, one.second) for one in found.contrasts):
        some = [one for one in found.contrasts if (one.first, one.second) == (first, second)]
        parts += _contrast(found, first, second, some)
    parts += _shares(found)
    parts += _missing(found)
    parts += _participants(found)
    said = "".join(f"<li>{escape(text)}</li>" for text in limits(found))
    parts.append(f'<div class="limits"><h3>What this does not show</h3><ul>{said}</ul></div>')
    parts.append(f"<footer>{escape(made)}</footer>")
    sized = '<meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">'
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    guard = f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    head = f"{sized}{guard}<title>{escape(title)}</title><style>{style_sheet()}{STYLE}</style>"
    body = "\n".join(parts)
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body><main>\n{body}\n</main></body></html>\n'


def _header(found: Comparison, title: str) -> Iterator[str]:
    yield '<div class="brand">liveaffect · conditions compared</div>'
    yield f"<h1>{escape(title)}</h1>"
    n = len(found.participants)
    files = len({one.slot.recording.name for one in found.segments})
    yield (
        f'<p class="sub">{_count(n, "participant")}, {_count(files, "recording")}, '
        f"{_count(len(found.segments), 'stretch', 'stretches')} by {escape(found.by)}</p>"
    )
    tiles = [(str(n), "participant" if n == 1 else "participants", "intervals are within one person" if n == 1 else "")]
    for condition in found.conditions[:5]:
        known, asked = seconds_of(found, condition)
        share = f"{known / asked:.0%} with numbers" if asked > 0 else "nothing recorded"
        tiles.append((clock(asked), condition, share))
    clear = [one for one in found.contrasts if one.clear]
    whole = [one for one in found.contrasts if one.difference is not None and one.difference.low is not None]
    tiles.append((f"{len(clear)} of {len(whole)}", "differences shown", f"of all with a {found.level:.0%} interval"))
    drawn = (
        f'<div class="tile"><b>{escape(b)}</b><span>{escape(s)}</span><i>{escape(i)}</i></div>' for b, s, i in tiles
    )
    yield f'<div class="tiles">{"".join(drawn)}</div>'


def _levels(found: Comparison) -> Iterator[str]:
    yield '<h2>Levels</h2><div class="duo">'
    for dimension in ("valence", "arousal"):
        yield f"<figure><h3>{dimension.capitalize()}</h3>{levels(found, dimension)}</figure>"
    yield "</div>"
    many = len(found.participants) > 1
    reach = f"Colour: the mean, with its own {found.level:.0%} interval. " if many else ""
    yield (
        f"<figcaption>{'Grey: a participant, lines join the same one.' if many else 'The means.'} {reach}Whether "
        f"conditions "
        f"differ "
        "is told below, not by whether these overlap.</figcaption>"
    )


def _contrast(found: Comparison, first: str, second: str, some: list[Contrast]) -> Iterator[str]:
    yield f"<h2>{escape(second)} minus {escape(first)}</h2>"
    clear = [one for one in some if one.clear]
    if clear:
        told = "; ".join(_short(one) for one in clear)
        yield f"<p>A difference is shown in: {escape(told)}.</p>"
    else:
        yield "<p>No difference is shown: every interval holds zero (a ratio's holds one), or there is none.</p>"
    yield f"<figure>{forest(some, found.level)}"
    yield (
        f"<figcaption>Dot: the difference. Line: its {found.level:.0%} interval; an arrow where it goes on. Filled "
        f"and coloured "
        f"where it "
        "holds no equality.</figcaption></figure>"
    )
    yield f'<p class="note">{escape(rests_on(found))} {_effects(some)}</p>'
    left = sorted({who for one in some for who in one.left_out})
    if left:
        yield f'<p class="note">In only one of both, and left out of differences: {escape(", ".join(left))}.</p>'


def _short(one: Contrast) -> str:
    return f"{named(one)} {number(one.difference.value if one.difference else None, one.measure.ratio)}"


def _effects(some: list[Contrast]) -> str:
    names = {one.effect_name for one in some if one.effect_name}
    said = {
        "dz": "dz: the mean difference by the standard deviation of differences (Cohen), corrected for few.",
        "g": "g: the difference by the pooled standard deviation of participants (Hedges).",
        "g of stretches": (
            "g: the difference by the pooled standard deviation of stretches (Hedges), within one person."
        ),
        "d_within": (
            "d_within: the difference by this person's own spread over seconds; not to be held against dz or g."
        ),
    }
    return escape(" ".join(text for name, text in said.items() if name in names))


def _shares(found: Comparison) -> Iterator[str]:
    yield f'<h2>Categories</h2><figure>{shares(found)}<ul class="key">{_KEY}</ul>'
    yield (
        "<figcaption>Share of the time with numbers in which each is the most probable, the mean over participants."
        "</figcaption></figure>"
    )


def _missing(found: Comparison) -> Iterator[str]:
    yield f"<h2>What is missing</h2><figure>{missing(found)}"
    yield (
        "<figcaption>Of the time of each condition. Measures rest on the time with numbers alone.</figcaption></figure>"
    )


def _participants(found: Comparison) -> Iterator[str]:
    heads = ("valence", "arousal", "variability of valence", "inertia of valence", "with numbers", "missing")
    cells = "".join(f'<th class="n">{head}</th>' for head in heads)
    yield f'<h2>Participants</h2><div class="wide"><table><tr><th></th><th>condition</th>{cells}</tr>'
    rows = 0
    for who in found.participants:
        for k, condition in enumerate(c for c in found.conditions if found.of(c, who)):
            if rows < MOST_ROWS:
                known = sum(one.known_s for one in found.of(condition, who))
                yield _row(who if k == 0 else "", condition, found.table(condition)[who], clock(known))
            rows += 1
    if len(found.participants) > 1:
        for condition in found.conditions:
            yield _row("mean", condition, means(found, condition), clock(seconds_of(found, condition)[0]))
    yield "</table></div>"
    if rows > MOST_ROWS:
        yield f'<p class="note">{rows - MOST_ROWS} more rows stand in the table of stretches beside this page.</p>'


def _row(who: str, condition: str, values: dict[str, float | None], known: str) -> str:
    inertia, gone = values.get("inertia_valence_s"), values.get("missing")
    cells = [
        number(values.get("level_valence")), number(values.get("level_arousal")),
        number(values.get("variability_valence"), signed=False), "–" if inertia is None else f"{inertia:.1f} s", known,
        "–" if gone is None else f"{gone:.0%}",
    ]  # fmt: skip
    numbers = "".join(f'<td class="n">{cell}</td>' for cell in cells)
    return f"<tr><td>{escape(who)}</td><td>{escape(condition)}</td>{numbers}</tr>"


def _count(n: int, one: str, many: str = "") -> str:
    return f"{n} {one if n == 1 else many or one + 's'}"
