"""The facts of a recorded session as one card, and the words for them."""

from datetime import datetime

import msgspec

NOTES = "notes.txt"
"""Beside the recording: what somebody wrote about it."""
SHORT_S = 1.0
"""A face seen for less than this is counted, not listed."""


class Level(msgspec.Struct, frozen=True):
    """Mean of what was shown over a session, and its 90 % interval.

    Errors of neighbouring frames are alike (the same face, light and model), so that a mean of many is no surer than
    one of them: the interval is as wide as that of a single estimate of mean standard deviation.
    """

    mean: float
    low: float
    high: float


class PersonCard(msgspec.Struct, frozen=True, kw_only=True):
    """One person of a session; `id` is -1 for a voice that fits no face in view."""

    id: int
    name: str = ""
    seconds: float = 0.0
    """Time with numbers of this person."""
    valence: Level | None = None
    arousal: Level | None = None
    not_told: str = ""
    """Words where the numbers hardly say more than that somebody was there; else ""."""

    @property
    def called(self) -> str:
        """The name, or what the window calls whoever has none."""
        return self.name or ("a voice out of view" if self.id < 0 else f"face {self.id}")


class Strip(msgspec.Struct, frozen=True, kw_only=True):
    """A session over evenly spaced pieces of `step_s` seconds; lists of equal length, None where nothing was said."""

    step_s: float = 0.0
    state: list[str | None] = []
    """The state that stood longest in each piece."""
    valence: list[float | None] = []
    """Mean over everyone with numbers."""
    speech: list[float | None] = []
    """Share of the piece in which a voice gave numbers."""


class SessionCard(msgspec.Struct, frozen=True, kw_only=True):
    """The facts of one recorded session; times are seconds since its first frame or sample."""

    path: str
    """The folder, absolute."""
    name: str
    created_utc: str = ""
    length_s: float = 0.0
    size_bytes: int = 0
    """All files of the folder together."""
    state: str = "COMPLETE"
    """COMPLETE, INCOMPLETE, DAMAGED, or RECORDING while a recorder is still writing."""
    reason: str = ""
    """Why the recording ended."""
    lost: int = 0
    """Published messages that are not in it."""
    faults: list[str] = []
    """What is not as it was recorded, in words."""
    face_share: float | None = None
    """Share of the time with a picture in which a face was clear; None where there was no camera."""
    speech_share: float | None = None
    """Share of the time with sound in which a voice gave numbers; None where there was no microphone."""
    people: list[PersonCard] = []
    """Whoever was there for a second or more, the longest first."""
    passers_by: int = 0
    """Faces seen for less than that."""
    markers: list[tuple[float, str]] = []
    """Seconds and label."""
    stored: list[str] = []
    """What was kept beside the results: "video (h264)", "sound", "mesh", "face crops"."""
    note: str = ""
    """What somebody wrote about it."""
    strip: Strip = Strip()

    @property
    def whole(self) -> bool:
        """Everything that was published is in the recording."""
        return self.state == "COMPLETE" and not self.lost and not self.faults

    def verdict(self) -> str:
        """Whether it is all there, in one sentence."""
        if self.state == "RECORDING":
            return "it is still being recorded"
        if self.state == "DAMAGED":
            return f"damaged: {self.faults[0]}" if self.faults else "damaged"
        lost = f"{self.lost:,} published messages are not in it" if self.lost else ""
        if self.state == "INCOMPLETE":
            return f"incomplete: {lost or 'the recording did not end as it should'}"
        return f"complete but for losses: {lost}" if lost else "complete: everything published is in it"

    def lines(self) -> list[str]:
        """The card as lines of text, the place first."""
        found = [f"Recorded  {self.path}  ({_size(self.size_bytes)})"]
        parts = [length_text(self.length_s)]
        parts += [] if self.face_share is None else [f"{self.face_share:.0%} of it with a clear face"]
        parts += [] if self.speech_share is None else [f"{self.speech_share:.0%} with a voice"]
        found.append("Length    " + ", ".join(parts))
        found += [f"{'Who' if k == 0 else '':<10}{_person(person)}" for k, person in enumerate(self.people)]
        if not self.people:
            found.append("Who       nobody gave numbers")
        if self.passers_by:
            found.append(f"          and {self.passers_by} seen for less than {SHORT_S:g} s")
        if self.markers:
            told_of = ", ".join(f"{label} ({at:.1f} s)" for at, label in self.markers[:4])
            more = f", and {len(self.markers) - 4} more" if len(self.markers) > 4 else ""
            found.append(f"Markers   {told_of}{more}")
        found.append("Stored    " + ", ".join(["results", *(self.stored or ["no pixels, no sound"])]))
        found.append(f"State     {self.verdict()}")
        return found


def length_text(seconds: float) -> str:
    """A length as a person says it: 12 s, 3 min 20 s, 1 h 02 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.1f} s" if whole < 10 else f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def when_text(created_utc: str) -> str:
    """The time a session was begun, on this machine's clock; "" where nobody knows."""
    try:
        return datetime.fromisoformat(created_utc).astimezone().strftime("%Y-%m-%d %H:%M")
    except ValueError:
        return ""


def _person(person: PersonCard) -> str:
    if person.valence is None or person.arousal is None:
        return f"{person.called}: no numbers"
    levels = "  ".join(
        f"{name} {level.mean:+.2f} ({level.low:+.2f} to {level.high:+.2f})"
        for name, level in (("valence", person.valence), ("arousal", person.arousal))
    )
    words = f"  {person.not_told}" if person.not_told else ""
    return f"{person.called}, {length_text(person.seconds)}: {levels}{words}"


def _size(count: int) -> str:
    for unit, text in ((1e9, "GB"), (1e6, "MB")):
        if count >= unit:
            return f"{count / unit:.{2 if unit == 1e9 else 1}f} {text}"
    return f"{count / 1e3:.0f} kB"
