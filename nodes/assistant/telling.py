"""The words: templates over what was measured. No number is made up, and none stands without its interval or state."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import pairwise

from liveaffect.models.circumplex import EMOTIONS, Z90
from liveaffect.models.fusion.told import not_told, told
from liveaffect.models.reasons.sentence import sentences, shares
from liveaffect.nodes.assistant import looks
from liveaffect.nodes.assistant.memory import Memory, Row
from liveaffect.stream import messages as m
from liveaffect.stream.session.facts import SessionCard

NS = 1_000_000_000
STALE_S = 2.0
HOLD_S = 0.5
"""An estimate stands until the next one, but no longer."""
MOST_PEOPLE = 6
MOST_TOLD = 12
LEAST_S = 1.0
"""Of somebody who was seen for less no mean is told."""
BACK_NS = 2 * NS
"""Reasons that are older say nothing of an instant."""
CAUTION = "This is what a face and a voice show, not what a person feels."


def state(memory: Memory) -> str:
    """Everyone now."""
    affect = memory.now
    if affect is None:
        return "There is no estimate yet."
    live = memory.facts.get("kind", "live") == "live"
    if live and memory.clock() - memory.now_at > STALE_S:
        return f"There are no estimates any more: the last one came {memory.clock() - memory.now_at:.0f} s ago."
    lines = [] if live else ["This is a recording that is replayed, not now."]
    lines += [_modality("face", affect.face_state, affect.t_ns - memory.face_since_ns)]
    lines += [_modality("voice", affect.voice_state, affect.t_ns - memory.voice_since_ns)]
    looking = looks.now(memory)
    for person in affect.people[:MOST_PEOPLE]:
        lines.append(_person(person, looking.get(person.id, "")))
    if len(affect.people) > MOST_PEOPLE:
        lines.append(f"{len(affect.people) - MOST_PEOPLE} more people are not told here.")
    if any(person.valence is not None for person in affect.people):
        lines.append(CAUTION)
    return "\n".join(line for line in lines if line)


def summary(memory: Memory, seconds: float) -> str:
    """Means, ranges and states of the last seconds."""
    if not memory.rows:
        return "There is no estimate yet."
    end = memory.rows[-1].t_ns
    rows = [row for row in memory.rows if row.t_ns >= end - seconds * NS]
    steps = list(_steps(rows))
    covered = sum(for_s for _, for_s in steps)
    head = f"The last {(end - rows[0].t_ns) / NS:.0f} s, of which {covered:.0f} s have estimates or say why not."
    lines = [head, *_shares("Face", [(row.face_state, for_s) for row, for_s in steps], covered)]
    lines += _shares("Voice", [(row.voice_state, for_s) for row, for_s in steps], covered)
    ids = Counter(person.id for row, _ in steps for person in row.people)
    for who, _ in ids.most_common(MOST_PEOPLE):
        lines.append(_over(who, [(p, for_s) for row, for_s in steps for p in row.people if p.id == who]))
    marks = [one for one in memory.markers if one.t_ns >= rows[0].t_ns]
    lines += [f"Marker '{one.label}' {_ago(end - one.t_ns)}." for one in marks[-MOST_TOLD:]]
    return "\n".join([*lines, CAUTION])


def changes(memory: Memory, seconds: float) -> str:
    """Shifts of level and stretches of discord since then."""
    nodes = memory.facts.get("nodes") or []
    end = memory.now.t_ns if memory.now is not None else 0
    since = end - round(seconds * NS)
    lines: list[str] = []
    if "dynamics" not in nodes:
        lines.append("Shifts are not measured in this run: it was started without --dynamics.")
    else:
        found = [one for one in memory.shifts if one.at_ns >= since]
        lines += [_shift(one, end) for one in found[-MOST_TOLD:]] or [f"No shift in the last {seconds:.0f} s."]
    if "reasons" not in nodes:
        lines.append("Where face and voice differ is not measured in this run: it was started without --reasons.")
    else:
        apart = [one for one in memory.discords if one.end_ns >= since]
        lines += [_discord(one, end) for one in apart[-MOST_TOLD:]] or [
            f"No stretch in which face and voice differ in the last {seconds:.0f} s."
        ]
    return "\n".join(lines)


def reasons(memory: Memory, seconds_ago: float) -> str:
    """Which measured cues carried the estimates then."""
    if "reasons" not in (memory.facts.get("nodes") or []):
        return "Reasons are not measured in this run: it was started without --reasons."
    end = memory.now.t_ns if memory.now is not None else 0
    at = end - round(seconds_ago * NS)
    newest: dict[int, tuple[int, m.Reason]] = {}
    for said in memory.reasons:
        if at - BACK_NS <= said.t_ns <= at:
            newest.update({one.id: (said.t_ns, one) for one in said.people})
    lines: list[str] = []
    for who in sorted(newest)[:MOST_PEOPLE]:
        t_ns, reason = newest[who]
        told_ = sentences(reason)
        lines.append(f"{_called(who)}, {_ago(end - t_ns)}:" + ("" if told_ else f" {m.STATE_WORDS[reason.state]}."))
        lines += [*told_, shares(reason)] if told_ else []
    if not lines:
        return f"Nobody was taken apart in the two seconds up to {_ago(end - at)}."
    return "\n".join([line for line in lines if line] + ["Effects are on the model's answer, not causes in a person."])


def session(card: SessionCard, *, names: bool) -> str:
    """A recorded session, as its card has it; of names only where they may be told."""
    lines = [f"Session {card.name}: {card.length_s:.0f} s, {card.state}."]
    if card.face_share is not None:
        lines.append(f"A face was clear in {_percent(card.face_share)} of the time.")
    if card.speech_share is not None:
        lines.append(f"A voice gave numbers in {_percent(card.speech_share)} of the time.")
    for one in card.people[:MOST_PEOPLE]:
        who = one.name if names and one.name else _called(one.id)
        if one.valence is None or one.arousal is None:
            lines.append(f"{who}: no numbers.")
        elif one.not_told:
            lines.append(f"{who}, {one.seconds:.0f} s: {one.not_told}.")
        else:
            axes = (("valence", one.valence), ("arousal", one.arousal))
            means = ", ".join(f"mean {axis} {_signed(v.mean)} ({_between(v.low, v.high)})" for axis, v in axes)
            lines.append(f"{who}, {one.seconds:.0f} s with numbers: {means}.")
    lines += [f"Marker '{label}' at {t_s:.1f} s." for t_s, label in card.markers[:MOST_TOLD]]
    return "\n".join([*lines, CAUTION])


def _person(person: m.Person, looking: str) -> str:
    who = _called(person.id)
    if person.valence is None or person.arousal is None or person.valence_sd is None or person.arousal_sd is None:
        return f"{who}: {m.STATE_WORDS[person.state]}."
    is_told = told(person.valence_sd, person.arousal_sd)
    axes = (
        ("valence", person.valence, person.valence_sd, is_told.valence),
        ("arousal", person.arousal, person.arousal_sd, is_told.arousal),
    )
    parts = [f"{axis} {_interval(value, sd)}" + ("" if sure else ", hardly told") for axis, value, sd, sure in axes]
    if person.emotions is not None and is_told.emotions:
        share, name = max(zip(person.emotions, EMOTIONS, strict=True))
        parts.append(f"likeliest category {name} ({_percent(share)})")
        if person.likely:
            parts.append(f"what most raters would say is among: {', '.join(person.likely)}")
    elif not is_told.emotions:
        parts.append(not_told(person.voice_weight))
    if person.speaking_prob is not None and person.speaking_prob > 0.5:
        parts.append("speaking")
    if looking:
        parts.append(looking)
    if person.coasting:
        parts.append("carried on from a moment ago, nothing newer was seen")
    return f"{who}: {'; '.join(parts)}."


def _over(who: int, seen: list[tuple[m.Person, float]]) -> str:
    known = [(p, for_s) for p, for_s in seen if p.valence is not None and p.valence_sd is not None]
    seconds = sum(for_s for _, for_s in known)
    missing: dict[str, float] = defaultdict(float)
    for p, for_s in seen:
        if p.valence is None:
            missing[p.state] += for_s
    away = "".join(f", {m.STATE_WORDS[name]} for {for_s:.0f} s" for name, for_s in _most(missing) if for_s >= 1)
    if seconds < LEAST_S:
        return f"{_called(who)}: too little to tell{away}."
    parts: list[str] = []
    for axis in ("valence", "arousal"):
        rows = [(getattr(p, axis), getattr(p, f"{axis}_sd"), s) for p, s in known if getattr(p, axis) is not None]
        total = sum(s for *_, s in rows)
        mean, sd = (sum(row[k] * row[2] for row in rows) / total for k in (0, 1))
        low, high = min(v for v, *_ in rows), max(v for v, *_ in rows)
        parts.append(f"mean {axis} {_interval(mean, sd)}, estimates from {_signed(low)} to {_signed(high)}")
    sure = [(p, s) for p, s in known if p.emotions and told(p.valence_sd, p.arousal_sd).emotions]
    first: dict[str, float] = defaultdict(float)
    for p, for_s in sure:
        assert p.emotions is not None
        first[max(zip(p.emotions, EMOTIONS, strict=True))[1]] += for_s
    total = sum(first.values())
    if total >= LEAST_S:
        likely = [f"{name} {_percent(for_s / total)}" for name, for_s in _most(first)[:3] if for_s / total >= 0.05]
        parts.append(f"likeliest category {', '.join(likely)} of the time")
    else:
        parts.append("seen or heard, no category told")
    return f"{_called(who)}, {seconds:.0f} s with numbers: {'; '.join(parts)}{away}."


def _most(seconds: dict[str, float]) -> list[tuple[str, float]]:
    """The longest first."""
    return sorted(seconds.items(), key=lambda pair: -pair[1])


def _steps(rows: list[Row]) -> Iterable[tuple[Row, float]]:
    """Each row and for how long it stood."""
    for row, after in pairwise(rows):
        yield row, min(HOLD_S, (after.t_ns - row.t_ns) / NS)


def _shares(name: str, states: list[tuple[str, float]], covered: float) -> list[str]:
    total: dict[str, float] = defaultdict(float)
    for word, for_s in states:
        total[word] += for_s
    if covered <= 0:
        return []
    parts = [
        f"{'clear' if word == 'ok' else m.STATE_WORDS[word]} {_percent(for_s / covered)}"
        for word, for_s in _most(total)
        if for_s / covered >= 0.005
    ]
    return [f"{name}: {', '.join(parts)} of the time."]


def _modality(name: str, word: str, for_ns: int) -> str:
    """ "No face in view for 40 s." """
    if word == "ok":
        return ""
    words = m.STATE_WORDS[word]
    return f"{name.capitalize()}: {words} for {max(0, for_ns) / NS:.0f} s."


def _shift(one: m.Shift, end: int) -> str:
    return (
        f"{_called(one.id)}: {one.dimension} changed from {_signed(one.before)} to {_signed(one.after)} "
        f"{_ago(end - one.at_ns)} (probability of a change {one.certainty:.2f})."
    )


def _discord(one: m.Discord, end: int) -> str:
    length = (one.end_ns - one.begin_ns) / NS
    face, voice = (max(zip(p, EMOTIONS, strict=True))[1] for p in (one.face, one.voice))
    return (
        f"{_called(one.id)}: face ({face}) and voice ({voice}) differed for {length:.1f} s until "
        f"{_ago(end - one.end_ns)} (divergence {one.size:.2f} of 1)."
    )


def _called(who: int) -> str:
    return "A voice out of view" if who < 0 else f"Person {who}"


def _interval(value: float, sd: float) -> str:
    return f"{_signed(value)} ({_between(value - Z90 * sd, value + Z90 * sd)})"


def _between(low: float, high: float) -> str:
    return f"90 % interval {_signed(max(-1.0, low))} to {_signed(min(1.0, high))}"


def _signed(value: float) -> str:
    return f"{round(value, 2) + 0.0:+.2f}"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _ago(ns: int) -> str:
    return "now" if ns < NS // 2 else f"{ns / NS:.0f} s ago"
