"""The sections of a report that are text: how to read it, what the numbers do not mean, losses, and what made it."""

from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

from liveaffect.offline.tables.read import Results
from liveaffect.stream.session.info import SessionInfo
from liveaffect.stream.session.ledger import TopicAccount

_READ = (
    (
        "Valence and arousal",
        "How pleasant, and how excited, the face and the voice look and sound: -1 to 1 each, as raters would put it. "
        "They are estimates of what is shown.",
    ),
    (
        "The band around a line",
        "The 90 % interval. On data like that the models learned from, nine of ten true values lie in it. It widens "
        "when a face is small, turned or dark, while an expression changes, where face and voice differ, and while "
        "nothing new is seen.",
    ),
    (
        "Shaded time",
        "There are no numbers, and the reason stands in the shade. Missing is never drawn as zero, and no average "
        "counts it.",
    ),
    (
        "Emotions",
        "A distribution over eight words raters chose from. Mixed bands mean that raters would disagree, or that the "
        "model is unsure; they are not several feelings at once. Where valence is hardly surer than it would be of "
        "anybody, as with most voices alone, no word is named: heard, not told.",
    ),
    (
        "Action units",
        "Movements of single parts of the face after the Facial Action Coding System, 0 (absent) to 5 (maximum). They "
        "are raw: faces differ at rest, so compare a person with their own rest (`liveaffect baseline`).",
    ),
    (
        "Speech",
        "Whether anyone speaks, and whether this person does, by how the lips move while there is speech. Speech that "
        "fits no visible mouth is given to no face.",
    ),
    (
        "Discord",
        "How far the face's and the voice's distributions over the eight words lie apart: 0 alike, 1 bit nothing in "
        "common (Jensen-Shannon divergence). Two weak estimates differ easily: it is a reason to look, not a finding.",
    ),
)
_NOT = (
    "They do not say what a person feels, thinks, wants or is. Faces and voices show emotions in different ways, hide "
    "them, and show things that are none.",
    "They are no evidence of truth, health, character, attention or fitness for work, and no ground to decide about "
    "anyone.",
    "Intervals speak of the models' error on data like their training data. They cannot know of people, cameras, "
    "light, ages or cultures that were not in it.",
    "Differences between people may be differences between faces. Differences within a person over time are safer.",
    "Article 5(1)(f) of the EU AI Act (Regulation 2024/1689) forbids inferring emotions at work and in schools, except "
    "for medical or safety reasons. Tell the people who were measured, and ask them first.",
)

_ORDER = ("video/frame", "audio/chunk", "face/observation", "face/crop", "face/mesh", "face/affect",
          "voice/descriptors", "voice/affect", "affect", "marker", "command")  # fmt: skip
_CAUSES = {
    "skipped": "skipped for a newer one", "overflow": "queue full", "late": "too late", "invalid": "malformed",
    "down": "node down", "ended": "run ended", "overrun": "device overrun",
}  # fmt: skip
_DASH = "–"
_RULE = (
    "Captured = lost at the source + published. Published = recorded + not recorded, and for each reader = processed + "
    "dropped + still pending at the end. A dropped video frame is the normal answer to a busy machine: the newest is "
    "taken, and the count says so."
)

HOW_TO_READ = (
    '<h2>How to read this</h2><div class="read">'
    + "".join(
        f"<div><h3>{title}</h3><p>{text.replace('`liveaffect baseline`', '<code>liveaffect baseline</code>')}</p></div>"
        for title, text in _READ
    )
    + "</div>"
)
LIMITS = (
    '<div class="limits"><b>What these numbers do not mean</b><ul>'
    + "".join(f"<li>{text}</li>" for text in _NOT)
    + "</ul></div>"
)


def ledger(session: SessionInfo, state: str, zero_ns: int | None = None, faults: Sequence[str] = ()) -> Iterator[str]:
    """The section; a verdict first, then a row per topic. Times count from `zero_ns`, as everywhere in the report.

    `faults`: what is not as it was recorded, in words.
    """
    yield "<h2>Loss ledger</h2>"
    for fault in faults:
        yield f'<p class="note bad">{escape(fault)}</p>'
    lost = sum(account.not_recorded for account in session.ledger.values())
    whole = state == "COMPLETE" and not lost and not session.missing
    words = "Everything that was published is in the recording." if whole else _wanting(state, lost)
    if not session.ledger:
        yield f'<p><span class="badge bad">{escape(state.lower())}</span> The session holds no ledger: '
        yield "<code>liveaffect recover SESSION</code> makes it.</p>"
        return
    yield f'<p><span class="badge {"good" if whole else "bad"}">{escape(state.lower())}</span> {escape(words)}</p>'
    heads = ("captured", "published", "recorded", "not recorded")
    cells = "".join(f'<th class="n">{head}</th>' for head in heads)
    yield f'<div class="wide"><table><tr><th>topic</th>{cells}<th>readers: processed and dropped</th></tr>'
    topics = sorted(session.ledger, key=lambda name: (_ORDER.index(name) if name in _ORDER else len(_ORDER), name))
    for name in topics:
        yield _row(name, session.ledger[name])
    yield "</table></div>"
    first_ns = session.first_t_ns
    shift_s = 0.0 if zero_ns is None or first_ns is None else (first_ns - zero_ns) / 1e9
    for missing in session.missing:
        number = "an unknown number" if missing.messages is None else f"{missing.messages:,}"
        span = (
            ""
            if missing.from_s is None or missing.to_s is None
            else f", {missing.from_s + shift_s:.1f} to {missing.to_s + shift_s:.1f} s"
        )
        yield f'<p class="note bad">{escape(f"{missing.topic}: {number} missing{span}: {missing.why}")}</p>'
    yield f'<p class="note">{_RULE}</p>'


def _wanting(state: str, lost: int) -> str:
    words = {"INCOMPLETE": "The recording did not end as it should. ", "RECORDING": "It is still being recorded. ",
             "DAMAGED": "The session has changed since it was recorded; what follows was counted then. "}  # fmt: skip
    text = (
        f"{lost:,} published messages are not in it." if lost else "Nothing that is known to be published is missing."
    )
    return words.get(state, "") + text


def _row(name: str, account: TopicAccount) -> str:
    wanting = ' class="n bad"' if account.not_recorded else ' class="n"'
    numbers = "".join(f'<td class="n">{n:,}</td>' for n in (account.captured, account.published, account.recorded))
    said: list[str] = []
    if account.lost_at_source:
        said.append(f"lost at the source: {_causes(account.lost_at_source)}")
    for reader, what in account.readers.items():
        text = f"{reader} {what.processed:,}"
        text += f", dropped {_causes(what.dropped)}" if what.dropped else ""
        said.append(text + (f", {what.pending:,} pending" if what.pending else ""))
    if account.starts > 1:
        said.append(f"{account.starts} starts of its process")
    gaps = len(account.gaps) + account.gaps_left_out
    said += [f"{gaps} {'gap' if gaps == 1 else 'gaps'}"] if gaps else []
    told = escape("; ".join(said)) or _DASH
    first = f"<tr><td><code>{escape(name)}</code></td>{numbers}"
    return f"{first}<td{wanting}>{account.not_recorded:,}</td><td>{told}</td></tr>"


def _causes(counts: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {_CAUSES.get(cause, cause)}" for cause, count in counts.items())


def made_of(results: Results) -> Iterator[str]:
    """Versions, models and settings: what another needs to get the same numbers."""
    yield "<h2>What made these numbers</h2><dl>"
    session = results.session
    facts: list[tuple[str, str]] = [("liveaffect", results.version or "not written down in this table")]
    for name, said in sorted(results.models.items()):
        facts.append((name, f"{said.get('version', '')} {_hash(said.get('sha256', ''))}".strip() or "used"))
    facts += list(_of_settings(results.settings) if session is None else _of_session(session))
    for name, text in facts:
        yield f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>"
    yield "</dl>"


def _of_settings(settings: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if settings.get("set"):
        yield "settings", ", ".join(map(str, settings["set"]))
    if settings.get("smooth_lag_s") is not None:
        yield "smoothed columns", f"{settings['smooth_lag_s']:g} s ahead (this report shows the causal ones)"
    if settings.get("baseline"):
        yield "baseline", f"of face {settings['baseline'].get('face_id')} in {settings['baseline'].get('source')}"


def _of_session(session: Any) -> Iterator[tuple[str, str]]:
    kept = session.persisted
    stored = [name for name, there in (("sound", kept.audio), ("mesh", kept.mesh), ("face crops", kept.crops)) if there]
    stored += [f"video ({kept.video})"] if kept.video != "no" else []
    yield "stored besides results", ", ".join(stored) or "nothing: no pixels, no sound"
    for source in session.sources:
        yield (
            f"source of {source.node}",
            f"{source.path.rpartition('/')[2]} {_hash(source.sha256)}",
        )
    yield "machine", f"{session.machine.get('system', '')}, {session.machine.get('cpus', '')} cores"
    yield "packages", ", ".join(f"{name} {text}" for name, text in session.versions.items() if name != "liveaffect")


def _hash(sha256: str) -> str:
    return f"sha256 {sha256[:12]}" if sha256 else ""
