"""Discord and reasons in a report: where face and voice differed, what carried estimates at markers and peaks."""

from collections.abc import Iterator, Sequence
from html import escape

import polars as pl

from liveaffect.models.circumplex import EMOTIONS, likeliest
from liveaffect.models.fusion.disagreement import Disagreement, Stretch
from liveaffect.models.reasons.sentence import sentences
from liveaffect.offline.reporting.data import Track
from liveaffect.offline.reporting.shapes import clock
from liveaffect.stream.messages import Reasons

MOST_STRETCHES, MOST_INSTANTS = 20, 12
NEAR_S = 1.0
_FACE = [f"face_p_{name}" for name in EMOTIONS]
_VOICE = [f"voice_p_{name}" for name in EMOTIONS]


def stretches(rows: pl.DataFrame) -> list[Stretch]:
    """Where face and voice of one person's rows of a score table differed though both were sure."""
    if not {*_FACE, *_VOICE, "discord"} <= set(rows.columns) or rows["discord"].null_count() == rows.height:
        return []
    one, found = Disagreement(), list[Stretch | None]()
    for t_s, size, *both in rows.sort("t_s").select("t_s", "discord", *_FACE, *_VOICE).iter_rows():
        whole = size is not None and None not in both
        found.append(one.step(t_s, both[:8] if whole else None, both[8:] if whole else None))
    return [stretch for stretch in (*found, one.finish()) if stretch is not None]


def discords(track: Track) -> Iterator[str]:
    """The stretches of a person as a list; nothing where there is none."""
    found = stretches(track.rows)
    if not found:
        return
    yield "<h3>Where face and voice differed</h3><table><tr><th>from</th><th>to</th><th>face</th><th>voice</th>"
    yield '<th class="n">bit</th></tr>'
    for one in sorted(found, key=lambda stretch: -stretch.size)[:MOST_STRETCHES]:
        words = "".join(f"<td>{_first(p)}</td>" for p in (one.face, one.voice))
        times = f"<td>{clock(one.begin_s, 0.1)}</td><td>{clock(one.end_s, 0.1)}</td>"
        yield f'<tr>{times}{words}<td class="n">{one.size:.2f}</td></tr>'
    more = f"; the {MOST_STRETCHES} largest of {len(found)}" if len(found) > MOST_STRETCHES else ""
    yield f'</table><p class="note">Both were sure (one word with half or more of the distribution){more}.</p>'


def reasons(said: Sequence[Reasons], track: Track, markers: Sequence[tuple[float, str]], zero_ns: int) -> Iterator[str]:
    """What carried a person's estimates at the markers and where valence was highest and lowest."""
    people = set(track.rows["face_id"].drop_nulls().to_list())
    mine = [((m.t_ns - zero_ns) / 1e9, r) for m in said for r in m.people if r.id in people and r.valence is not None]
    if not mine:
        return
    ranked = sorted(mine, key=lambda one: one[1].valence or 0.0)
    chosen = {ranked[-1][0]: (ranked[-1], "highest valence"), ranked[0][0]: (ranked[0], "lowest valence")}
    for t_s, label in markers:
        near = min(mine, key=lambda one: abs(one[0] - t_s))
        if abs(near[0] - t_s) <= NEAR_S:
            chosen[near[0]] = (near, label)
    yield "<h3>What carried the estimates</h3>"
    for at in sorted(chosen)[:MOST_INSTANTS]:
        (t_s, reason), label = chosen[at]
        told = " ".join(sentences(reason))
        yield f'<p class="note"><b>{clock(t_s, 0.1)} {escape(label)}</b> {escape(told)}</p>'


def _first(p: Sequence[float]) -> str:
    k = likeliest(p)
    return f"{EMOTIONS[k]} {p[k]:.2f}"
