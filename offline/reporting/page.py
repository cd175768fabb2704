"""The page of a report: header, one section per file and person, loss ledger, how to read it, what made it."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from html import escape

import polars as pl

from liveaffect.models.circumplex import EMOTIONS, Z90
from liveaffect.models.face.action_units import ACTION_UNITS
from liveaffect.offline.reporting.attending import attending
from liveaffect.offline.reporting.beside import beside
from liveaffect.offline.reporting.data import AWAY, FileResults, Track
from liveaffect.offline.reporting.moving import moving
from liveaffect.offline.reporting.shapes import circumplex, clock
from liveaffect.offline.reporting.style import style_sheet
from liveaffect.offline.reporting.svg import WORDS, lanes, timeline
from liveaffect.offline.reporting.text import HOW_TO_READ, LIMITS, ledger, made_of
from liveaffect.offline.reporting.why import discords, reasons
from liveaffect.offline.tables.numbers import number
from liveaffect.offline.tables.read import Results
from liveaffect.offline.tables.score import AU_COLUMNS
from liveaffect.offline.tables.summary import SPEECH
from liveaffect.stream.messages import Reasons

MOST_MARKERS = 60
NOT_TOLD_NOTE = "The intervals are about as wide as they would be for anybody, so no category is named."
DASH, THIN = "–", "\u202f"


def page(results: Results, files: Sequence[FileResults], left_out: int, made: str) -> str:
    """The whole HTML file. `left_out` files of the table have no section; `made` is the last line."""
    title = results.path.resolve().name if len(files) + left_out > 1 else files[0].name
    if results.session is not None:
        title = f"Session of {_day(results.session.created_utc)}"
    parts = [*_header(results, files, left_out, title)]
    if len(files) + left_out > 1:
        parts += _overview(files, left_out)
    for found in files:
        parts.append('<section class="file">')
        if len(files) + left_out > 1:
            parts.append(f"<h2>{escape(found.name)}</h2>")
            parts.append(_tiles(found))
        parts += _file(found, results.markers if results.session else [], results.reasons, results.zero_ns or 0)
        parts += beside(found, results.imported)
        parts.append("</section>")
    if results.session is not None:
        parts += ledger(results.session, results.state, results.zero_ns, results.faults)
    parts += [HOW_TO_READ, LIMITS, *made_of(results), f"<footer>{escape(made)}</footer>"]
    sized = '<meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">'
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"  # a reader can see that it stands alone
    guard = f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    head = f"{sized}{guard}<title>{escape(title)}</title><style>{style_sheet()}</style>"
    body = "\n".join(parts)
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body><main>\n{body}\n</main></body></html>\n'


def _header(results: Results, files: Sequence[FileResults], left_out: int, title: str) -> Iterator[str]:
    session = results.session
    yield '<div class="brand">liveaffect · what face and voice show over time</div>'
    yield f"<h1>{escape(title)}</h1>"
    said: list[str] = []
    if session is not None:
        played = sorted({source.path.replace("\\", "/").rpartition("/")[2] for source in session.sources})
        said.append(f"Played from {', '.join(played)}" if played else "Live from camera and microphone")
        said.append({"COMPLETE": "complete", "INCOMPLETE": "incomplete"}.get(results.state, "still being recorded"))
        said.append("/".join(results.path.resolve().parts[-2:]))
    else:
        many = len(files) + left_out
        said.append("Score table" if many == 1 else f"Score tables of {many} files")
    yield f'<p class="sub">{escape(", ".join(said))}</p>'
    if len(files) == 1 and not left_out:
        yield _tiles(files[0])


def _tiles(found: FileResults) -> str:
    whole = found.summary.row(0, named=True)
    tiles: list[tuple[str, str, str]] = []
    if not found.is_still:
        tiles.append((clock(whole["seconds"]), "length", f"{whole['rows']:,} rows"))
    faces = found.table["face_id"].drop_nulls().n_unique()
    if whole["seconds_face"] is not None:
        missing = [f"{_share(whole[f'seconds_{k}'], whole['seconds'])} {word}" for k, word in
                   (("no_face", "no face"), ("unclear", "unclear")) if whole[f"seconds_{k}"] > 0]  # fmt: skip
        share = _share(whole["seconds_face"], whole["seconds"])
        if found.is_still:
            tiles.append((str(faces), "faces" if faces != 1 else "face", ""))
        else:
            tiles.append((share, "of the time with a clear face", ", ".join(missing) or "never lost"))
    if whole["speech_share"] is not None and not found.is_still:
        tiles.append((_percent(whole["speech_share"]), "of the time with speech", "anyone's"))
    for name in ("valence", "arousal"):
        mean, low, high = (whole[f"{name}_{key}"] for key in ("mean", "q05", "q95"))
        if mean is not None:
            span = "" if found.is_still else f"90 % of the time {low:+.2f} to {high:+.2f}"
            tiles.append((f"{mean:+.2f}", name if found.is_still else f"mean {name}", span))
    top = max(((whole[f"mean_{name}"] or 0.0, name) for name in EMOTIONS), default=(0.0, ""))
    if found.not_told:
        tiles.append((found.not_told, "no category", "intervals as wide as for anybody"))
    elif top[0] > 0:
        tiles.append((top[1], "most probable" if found.is_still else "most probable on average", _percent(top[0])))
    drawn = (
        f'<div class="tile"><b>{escape(b)}</b><span>{escape(s)}</span><i>{escape(i)}</i></div>' for b, s, i in tiles
    )
    return f'<div class="tiles">{"".join(drawn)}</div>'


def _overview(files: Sequence[FileResults], left_out: int) -> Iterator[str]:
    yield "<h2>All files</h2>"
    head = "".join(f'<th class="n">{name}</th>' for name in ("length", "clear face", "speech", "valence", "arousal"))
    yield f'<div class="wide"><table><tr><th>file</th>{head}<th>most probable</th></tr>'
    for found in files:
        whole = found.summary.row(0, named=True)
        top = max(((whole[f"mean_{name}"] or 0.0, name) for name in EMOTIONS), default=(0.0, ""))
        cells = [
            DASH if found.is_still else clock(whole["seconds"]),
            DASH
            if whole["seconds_face"] is None or found.is_still
            else _share(whole["seconds_face"], whole["seconds"]),
            DASH if whole["speech_share"] is None else _percent(whole["speech_share"]),
            *(
                DASH if whole[f"{name}_mean"] is None else f"{whole[f'{name}_mean']:+.2f}"
                for name in ("valence", "arousal")
            ),
        ]
        numbers = "".join(f'<td class="n">{cell}</td>' for cell in cells)
        likely = found.not_told or (f"{top[1]} {_percent(top[0])}" if top[0] else DASH)
        yield f"<tr><td>{escape(found.name)}</td>{numbers}<td>{likely}</td></tr>"
    yield "</table></div>"
    if left_out:
        yield f'<p class="note">{left_out} more files of the table are not shown: choose some with --file.</p>'


def _file(
    found: FileResults, markers: Sequence[tuple[float, str]], said: Sequence[Reasons], zero_ns: int
) -> Iterator[str]:
    if found.lanes and not found.is_still:
        yield f"<h3>Who was in view when</h3><figure>{lanes(found)}</figure>"
        if found.left_out:
            few = ", ".join(map(str, found.left_out[:12])) + (", ..." if len(found.left_out) > 12 else "")
            yield f'<p class="note">Faces seen for less than a second have no section of their own: {few}.</p>'
    if markers and not found.is_still:
        told = "; ".join(_marker(t, label) for t, label in sorted(markers)[:MOST_MARKERS])
        more = f"; and {len(markers) - MOST_MARKERS} more" if len(markers) > MOST_MARKERS else ""
        yield f'<p class="note"><b>Markers</b> {told}{more}</p>'
    for track in found.tracks:
        yield f'<div class="person"><h2>{escape(track.title)}</h2>'
        if track.note:
            yield f'<p class="note">{escape(track.note)}</p>'
        if not found.is_still:
            yield f"<figure>{timeline(track, markers)}{_caption(track)}</figure>"
        yield from _measures(track, found.is_still)
        if not found.is_still:
            yield from discords(track)
            yield from reasons(said, track, markers, zero_ns)
        yield "</div>"
    yield from moving(found)
    yield from attending(found)


def _marker(t_s: float, label: str) -> str:
    """Time and label; the exact t_s is what a pointer shows."""
    return f'<time title="t_s {t_s!r}">{clock(t_s, 0.1)}</time> {escape(label)}'


def _caption(track: Track) -> str:
    lost: dict[str, tuple[float, int]] = {}
    for span in track.spans:
        seconds, count = lost.get(span.state, (0.0, 0))
        lost[span.state] = seconds + span.to_s - span.from_s, count + 1
    said = [
        f"{WORDS.get(state, state)} {seconds:.1f} s ({count} {'time' if count == 1 else 'times'})"
        for state, (seconds, count) in sorted(lost.items(), key=lambda item: (item[0] == AWAY, -item[1][0]))
    ]
    keys = "".join(f'<li><span class="e-{name}"></span>{name}</li>' for name in EMOTIONS)
    text = "Line: estimate. Band: its 90 % interval. "
    text += f"Shaded: no numbers: {', '.join(said)}. " if said else "Nothing is missing. "
    if track.has_face:
        text += "Action units: the fuller the colour, the stronger, 0 to 5. "
    if track.has_sound:
        text += "Speech: filled where anyone speaks, line where this person does. "
    if track.has_discord:
        text += "Discord: how far face and voice differ, while both have numbers."
    return f'<ul class="key">{keys}</ul><figcaption>{escape(text)}</figcaption>'


def _measures(track: Track, still: bool) -> Iterator[str]:
    ok = track.ok
    if not ok.height:
        yield '<p class="note">There are no numbers to average.</p>'
        return
    valence, arousal = (ok[name].cast(pl.Float64).to_numpy() for name in ("valence", "arousal"))
    yield f'<div class="pair"><figure>{circumplex(valence, arousal)}'
    where = "Cross: the estimate." if still else "Where the time was spent. Cross: mean."
    yield f"<figcaption>{where} Dots: where raters put the words.</figcaption>"
    yield '</figure><div class="side"><div>'
    yield f"<h3>Emotions, {'probability' if still else 'mean probability'}</h3>"
    if track.not_told:
        yield f'<p class="note"><b>{track.not_told.capitalize()}.</b> {NOT_TOLD_NOTE}</p>'
    means = [(name, number(ok[f"p_{name}"].mean(), 0.0), f"e-{name}") for name in EMOTIONS]
    if not track.not_told:
        ranked = sorted(means, key=lambda mean: -mean[1])
        yield _bars([(name, value, _percent(value), colour) for name, value, colour in ranked])
    yield "<h3>Valence and arousal</h3>"
    columns = ["value"] if still else ["mean", "5 %", "median", "95 %"]
    heads = "".join(f'<th class="n">{head}</th>' for head in [*columns, "± at 90 %"])
    yield f"<table><tr><th></th>{heads}</tr>"
    for name in ("valence", "arousal"):
        values = ok[name].cast(pl.Float64)
        numbers = [values.mean(), *(values.quantile(q, "linear") for q in (0.05, 0.5, 0.95))][: len(columns)]
        half = Z90 * number(ok[f"{name}_sd"].cast(pl.Float64).mean(), 0.0)
        cells = "".join(f'<td class="n">{value:+.2f}</td>' for value in numbers)
        yield f'<tr><td>{name}</td>{cells}<td class="n">{half:.2f}</td></tr>'
    yield "</table></div><div>"
    yield from _strongest_units(ok, "0 to 5" if still else "95th percentile of 0 to 5")
    yield "" if still else _talk(track)
    yield "</div></div></div>"


def _strongest_units(ok: pl.DataFrame, scale: str) -> Iterator[str]:
    peaks = [(name, ok[name].quantile(0.95), ok[name].mean()) for name in AU_COLUMNS if ok[name].null_count() < len(ok)]
    if not peaks:
        return
    strongest = sorted(peaks, key=lambda peak: -float(peak[1] or 0.0))[:5]
    yield f"<h3>Strongest action units, {scale}</h3>"
    bars: list[tuple[str, float, str, str]] = []
    for name, peak, _ in strongest:
        value = float(peak or 0.0)
        bars.append((f"{name.upper()} {ACTION_UNITS[name.upper()]}", value / 5.0, f"{value:.1f}", "unit-bar"))
    yield _bars(bars)


def _talk(track: Track) -> str:
    """Speech and pauses of this person."""
    heard = track.rows.drop_nulls("speaking_prob").sort("t_s")
    if heard.height < 2:
        return ""
    t = heard["t_s"].to_list()
    turns = 0
    spoken = longest = 0.0
    start: float | None = None
    for k, speaks in enumerate((heard["speaking_prob"] >= SPEECH).to_list()):
        length = min(t[k + 1] - t[k], 1.0) if k + 1 < len(t) else 0.0
        spoken += length if speaks else 0.0
        if speaks and start is None:
            start, turns = t[k], turns + 1
        elif not speaks and start is not None:
            longest, start = max(longest, t[k] - start), None
    if start is not None:
        longest = max(longest, t[-1] - start)
    if not turns:
        return '<h3>Speech</h3><p class="note">This person was not heard to speak.</p>'
    turned = "1 turn" if turns == 1 else f"{turns:,} turns"
    text = f"{clock(spoken, 0.1)} of speech in {turned}, the longest {clock(longest, 0.1)}."
    return f'<h3>Speech</h3><p class="note">{text}</p>'


def _bars(rows: Sequence[tuple[str, float, str, str]]) -> str:
    """Name, share of the rail, text, colour class."""
    cells: list[str] = []
    for name, share, text, colour in rows:
        fill = f'<span class="fill {colour}" style="width:{100 * min(share, 1):.1f}%"></span>'
        cells.append(f'<span>{escape(name)}</span><span class="rail">{fill}</span><span class="n">{text}</span>')
    return f'<div class="bars">{"".join(cells)}</div>'


def _day(text: str) -> str:
    try:
        return datetime.fromisoformat(text).strftime("%-d %B %Y, %H:%M UTC")
    except ValueError:
        return text or "an unknown day"


def _share(part: float, whole: float) -> str:
    return _percent(part / whole if whole > 0 else 0.0)


def _percent(share: float) -> str:
    return f"<1{THIN}%" if 0 < share < 0.005 else f"{100 * share:.0f}{THIN}%"
