r"""What there is to say of a recorded session on one card: where, how long, who, how clear, mean levels, whether whole.

    card = session_card("data/p01")
    print("\n".join(card.lines()))

One pass over the results; pixels, sound and meshes are never read.
"""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import cast

from liveaffect.models.circumplex import Z90
from liveaffect.models.fusion.told import not_told, told
from liveaffect.offline.tables.session import Session
from liveaffect.offline.tables.summary import HOLD_S
from liveaffect.stream.errors import RecordError
from liveaffect.stream.messages import Affect, Person
from liveaffect.stream.session.facts import NOTES, SHORT_S, Level, PersonCard, SessionCard, Strip
from liveaffect.stream.session.files import read_plain
from liveaffect.stream.topics import AFFECT

BINS = 240
"""Pieces of the strip over a session: as many as a narrow seek bar has pixels to tell them apart."""
NOTES_LIMIT = 20_000


def session_card(path: str | Path) -> SessionCard:
    """The card of the session in a folder. Raises RecordError where it is none, saying what to do."""
    session = Session(path)
    folder = session.path.resolve()
    counted = _Count(session)
    marks = session.markers()
    people, few = counted.people()
    return SessionCard(
        path=str(folder),
        name=folder.name,
        created_utc=session.info.created_utc,
        length_s=counted.length_s,
        size_bytes=sum(file.lstat().st_size for file in folder.iterdir() if file.is_file() and not file.is_symlink()),
        state=session.state,
        reason=session.info.reason,
        lost=sum(account.not_recorded for account in session.info.ledger.values()),
        faults=list(session.reader.faults),
        face_share=counted.face_share,
        speech_share=counted.speech_share,
        people=people,
        passers_by=few,
        markers=list(zip(marks["t_s"].to_list(), marks["label"].to_list(), strict=True)),
        stored=_stored(session),
        note=_note(folder),
        strip=counted.strip(),
    )


class _Person:
    """Sums over one person's rows."""

    def __init__(self) -> None:
        self.name, self.seconds, self.rows, self.voiced = "", 0.0, 0, 0.0
        self.sums = [0.0, 0.0, 0.0, 0.0]

    def add(self, person: Person, for_s: float) -> None:
        values = (person.valence, person.valence_sd, person.arousal, person.arousal_sd)
        self.name = person.name or self.name
        if person.state != "ok" or any(value is None for value in values):
            return
        self.seconds += for_s
        self.rows += 1
        self.voiced += person.voice_weight or 0.0
        self.sums = [total + cast(float, value) for total, value in zip(self.sums, values, strict=True)]

    def card(self, face_id: int) -> PersonCard:
        if not self.rows:
            return PersonCard(id=face_id, name=self.name)
        valence, valence_sd, arousal, arousal_sd = (total / self.rows for total in self.sums)
        words = "" if told(valence_sd, arousal_sd).emotions else not_told(self.voiced / self.rows)
        return PersonCard(
            id=face_id, name=self.name, seconds=self.seconds, valence=_level(valence, valence_sd),
            arousal=_level(arousal, arousal_sd), not_told=words,
        )  # fmt: skip


class _Count:
    """What one pass over the estimates gives; an estimate stands until the next, but no longer than `HOLD_S`."""

    def __init__(self, session: Session) -> None:
        self._people: dict[int, _Person] = {}
        self._rows: list[tuple[float, float, str, float | None, bool]] = []
        self._seen = self._clear = self._heard = self._spoken = 0.0
        held: tuple[float, Affect] | None = None
        step = 0.0
        for _, message in session.reader.messages([AFFECT.name]):
            now = (session.seconds(message.t_ns), cast(Affect, message))
            if held is not None:
                step = min(max(0.0, now[0] - held[0]), HOLD_S)
                self._add(*held, step)
            held = now
        if held is not None:
            self._add(*held, step)
        last_ns = session.info.last_t_ns
        recorded_s = session.seconds(last_ns) if last_ns is not None else 0.0
        self.length_s = max(0.0, held[0] + step if held is not None else recorded_s)

    def _add(self, t_s: float, affect: Affect, for_s: float) -> None:
        if affect.face_state != "no_device":
            self._seen += for_s
            self._clear += for_s * (affect.face_state == "ok")
        if affect.voice_state != "no_device":
            self._heard += for_s
            self._spoken += for_s * (affect.voice_state == "ok")
        shown = []
        for person in affect.people:
            self._people.setdefault(person.id, _Person()).add(person, for_s)
            shown += [person.valence] if person.state == "ok" and person.valence is not None else []
        mean = sum(shown) / len(shown) if shown else None
        self._rows.append((t_s, for_s, affect.state, mean, affect.voice_state == "ok"))

    @property
    def face_share(self) -> float | None:
        return self._clear / self._seen if self._seen > 0 else None

    @property
    def speech_share(self) -> float | None:
        return self._spoken / self._heard if self._heard > 0 else None

    def people(self) -> tuple[list[PersonCard], int]:
        cards = [person.card(face_id) for face_id, person in self._people.items()]
        listed = [card for card in cards if card.seconds >= SHORT_S or card.name]
        return sorted(listed, key=lambda card: -card.seconds), sum(card.id >= 0 for card in cards if card not in listed)

    def strip(self) -> Strip:
        if not self._rows or self.length_s <= 0:
            return Strip()
        step = self.length_s / BINS
        states: list[dict[str, float]] = [{} for _ in range(BINS)]
        sums, spoken, covered = [[0.0, 0.0] for _ in range(BINS)], [0.0] * BINS, [0.0] * BINS
        for t_s, for_s, state, mean, voiced in self._rows:
            for k, part in _pieces(t_s, for_s, step):
                states[k][state] = states[k].get(state, 0.0) + part
                covered[k] += part
                spoken[k] += part * voiced
                if mean is not None:
                    sums[k] = [sums[k][0] + part * mean, sums[k][1] + part]
        return Strip(
            step_s=step,
            state=[max(found, key=found.__getitem__) if found else None for found in states],
            valence=[total / weight if weight > 0 else None for total, weight in sums],
            speech=[part / whole if whole > 0 else None for part, whole in zip(spoken, covered, strict=True)],
        )


def _pieces(t_s: float, for_s: float, step: float) -> Iterator[tuple[int, float]]:
    """Pieces of the strip that a row stands in, and for how long."""
    end = t_s + for_s
    for k in range(max(0, math.floor(t_s / step)), min(BINS, math.ceil(end / step))):
        part = min(end, (k + 1) * step) - max(t_s, k * step)
        if part > 1e-6 * step:
            yield k, part


def _level(mean: float, sd: float) -> Level:
    return Level(round(mean, 4), round(max(-1.0, mean - Z90 * sd), 4), round(min(1.0, mean + Z90 * sd), 4))


def _stored(session: Session) -> list[str]:
    kept = session.info.persisted
    found = [f"video ({kept.video})"] if kept.video != "no" else []
    named = (("sound", kept.audio), ("mesh", kept.mesh), ("face crops", kept.crops))
    return found + [name for name, there in named if there]


def _note(folder: Path) -> str:
    try:
        return read_plain(folder / NOTES, NOTES_LIMIT).decode("utf-8", "replace").strip()
    except (OSError, RecordError):
        return ""
