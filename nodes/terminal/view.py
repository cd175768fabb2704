"""How the terminal view looks: pure functions from what is known to rich renderables and lines."""

from collections import deque
from dataclasses import dataclass, field

from rich import box
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from liveaffect.models.circumplex import EMOTIONS, Z90
from liveaffect.models.face.action_units import ACTION_UNITS
from liveaffect.models.fusion.told import not_told, told
from liveaffect.stream import messages as m

COLOURS = dict(
    zip(EMOTIONS, ("grey70", "yellow3", "cyan3", "dodger_blue2", "red3", "green4", "purple", "orange3"), strict=True)
)
DOTS = {"ok": ("●", "green3"), "starting": ("○", "yellow3"), "stopped": ("○", "grey50")}
SPARKS = "▁▂▃▄▅▆▇█"
Trace = deque[tuple[int, float | None, float | None]]


@dataclass
class Snapshot:
    """All that the view knows at one instant."""

    title: str = "liveaffect"
    affect: m.Affect | None = None
    faces: dict[int, m.Face] = field(default_factory=dict)
    beyond: str = ""
    """That more people are in view than are measured."""
    voice: m.VoiceDescriptors | None = None
    health: dict[str, m.Health] = field(default_factory=dict)
    marker: m.Marker | None = None
    traces: dict[int, Trace] = field(default_factory=dict)
    started_ns: int = 0
    behind_ms: float | None = None
    """Capture to publication of the newest frames' answers, smoothed."""


def render(shot: Snapshot, width: int, height: int) -> RenderableType:
    """The whole screen: header, a panel per person (as many as fit), voice, health."""
    parts: list[RenderableType] = [_header(shot)]
    people = shot.affect.people if shot.affect is not None else ()
    room = max(1, (height - 8) // 14)
    for person in people[:room]:
        parts.append(_person(shot, person, width))
    if len(people) > room:
        parts.append(Text(f"  and {len(people) - room} more: make the window taller", style="grey50"))
    if not people:
        state = shot.affect.state if shot.affect is not None else "stale"
        words = m.STATE_WORDS[state] if shot.affect is not None else "waiting for the first estimate"
        parts.append(Panel(Text(words, style="yellow3", justify="center"), box=box.ROUNDED, padding=(2, 2)))
    parts.append(_voice(shot))
    parts.append(_health(shot))
    return Group(*parts)


def plain_line(shot: Snapshot) -> str:
    """One line for logs: time, and per person the numbers or the reason there are none."""
    affect = shot.affect
    assert affect is not None
    seconds = (affect.t_ns - shot.started_ns) / 1e9
    said = []
    for person in affect.people:
        name = person.name or ("voice" if person.id < 0 else f"face {person.id}")
        if person.valence is None or person.valence_sd is None or person.emotions is None:
            said.append(f"{name}: {m.STATE_WORDS[person.state]}")
            continue
        share, top = max(zip(person.emotions, EMOTIONS, strict=True))
        is_told = told(person.valence_sd, person.arousal_sd)
        said.append(
            f"{name}: valence {person.valence:+.2f}±{person.valence_sd:.2f}  "
            f"arousal {person.arousal:+.2f}±{person.arousal_sd:.2f}  "
            + (f"{top} {share:.0%}" if is_told.emotions else not_told(person.voice_weight))
            + (" speaking" if (person.speaking_prob or 0) > 0.5 else "")
        )
    said += [shot.beyond] if said and shot.beyond else []
    return f"{seconds:7.1f} s  " + ("  |  ".join(said) or m.STATE_WORDS[affect.state] or affect.state)


def _header(shot: Snapshot) -> RenderableType:
    row = Table.grid(expand=True)
    row.add_column(justify="left")
    row.add_column(justify="right")
    seconds = 0 if shot.affect is None else (shot.affect.t_ns - shot.started_ns) // 1_000_000_000
    face = shot.health.get("face")
    facts = [f"{seconds // 60}:{seconds % 60:02d}"]
    if face is not None and face.rate_hz is not None:
        facts.append(f"{face.rate_hz:.0f} frames/s")
    if shot.behind_ms is not None:
        facts.append(f"{shot.behind_ms:.0f} ms behind the camera")
    facts += [shot.beyond] if shot.beyond else []
    facts += _recorder_words(shot)
    if shot.marker is not None:
        facts.append(f"marked '{shot.marker.label}'")
    row.add_row(Text(shot.title, style="bold"), Text("   ".join(facts), style="grey62"))
    return row


def _recorder_words(shot: Snapshot) -> list[str]:
    """That it records, and that pixels and sound are kept out of it; of a recorder that is down nothing is known."""
    for health in shot.health.values():
        status = health.status
        of_now = health.state not in m.DOWN and not health.process.startswith("recorded ")  # a replay brings those too
        if isinstance(status, m.RecordStatus) and of_now:
            return ["recording"] * status.recording + ["privacy"] * status.privacy
    return []


def _person(shot: Snapshot, person: m.Person, width: int) -> RenderableType:
    name = person.name or ("a voice out of view" if person.id < 0 else f"face {person.id}")
    speaking = person.speaking_prob
    title = Text(name, style="bold")
    if speaking is not None and speaking > 0.5:
        title.append("  speaking", style="green3")
    if person.coasting:
        title.append("  carried on", style="yellow3")
    if person.valence is not None and not told(person.valence_sd, person.arousal_sd).emotions:
        title.append(f"  {not_told(person.voice_weight)}", style="yellow3")
    if person.valence is None:
        body: RenderableType = Text(m.STATE_WORDS[person.state], style="yellow3", justify="center")
        return Panel(body, title=title, title_align="left", box=box.ROUNDED, padding=(1, 2))
    grid = Table.grid(expand=True, padding=(0, 2))
    grid.add_column(ratio=1)
    grid.add_column(width=34)
    grid.add_row(_dimensions(shot, person, max(16, width - 34 - 34)), _emotions(person))
    return Panel(
        Group(grid, _units(shot.faces.get(person.id))), title=title, title_align="left", box=box.ROUNDED, padding=(0, 1)
    )


def _dimensions(shot: Snapshot, person: m.Person, width: int) -> RenderableType:
    lines: list[RenderableType] = []
    trace = shot.traces.get(person.id, deque())
    axes = (
        ("valence", "unpleasant", "pleasant", person.valence, person.valence_sd, [v for _, v, _ in trace]),
        ("arousal", "calm", "excited", person.arousal, person.arousal_sd, [a for _, _, a in trace]),
    )
    for is_told, (name, low, high, value, sd, past) in zip(
        told(person.valence_sd, person.arousal_sd), axes, strict=True
    ):
        if value is None or sd is None:
            continue
        line = Text(f"{name}  ")
        line.append(f"{value:+.2f}", style="bold" if is_told else "grey62")
        line.append(f" ± {Z90 * sd:.2f} (90 %)", style="grey62")
        lines += [line, gauge(value, Z90 * sd, width, low, high), Text(spark(past, width + 22), style="grey50")]
    facts = []
    if person.face_weight is not None and person.voice_weight is not None:
        facts.append(f"from the face {person.face_weight:.0%}, the voice {person.voice_weight:.0%}")
    if person.discord is not None:
        facts.append(f"face and voice differ by {person.discord:.2f} of 1")
    lines.append(Text("   ".join(facts), style="grey62"))
    return Group(*lines)


def gauge(value: float, half: float, width: int, low: str, high: str) -> Text:
    """-1 to 1 as a line: the mark is the estimate, the thick part its 90 % interval."""
    cells = []
    for i in range(width):
        x = 2 * (i + 0.5) / width - 1
        inside = abs(x - value) <= half
        cells.append(("━" if inside else "─", "cyan" if inside else "grey35"))
    at = min(width - 1, max(0, int((value + 1) / 2 * width)))
    cells[at] = ("◆", "bold white")
    text = Text(f"{low:>10} ", style="grey50")
    for character, style in cells:
        text.append(character, style=style)
    return text.append(f" {high}", style="grey50")


def spark(values: list[float | None], width: int) -> str:
    """The past as small columns, newest right; a blank where there was no number."""
    shown = values[-width:]
    marks = (" " if v is None else SPARKS[min(7, max(0, int((v + 1) * 4)))] for v in shown)
    return "".join(marks).rjust(width)


def _emotions(person: m.Person) -> RenderableType:
    bars = Table.grid(padding=(0, 1))
    is_told = told(person.valence_sd, person.arousal_sd).emotions
    for name, p in zip(EMOTIONS, person.emotions or (), strict=False):
        bar = Text("█" * round(p * 16), style=COLOURS[name] if is_told else "grey50")
        strong = "bold" if is_told and p == max(person.emotions or (0,)) else "grey62"
        bars.add_row(Text(name, style=strong), bar, Text(f"{p:4.0%}", style=strong))
    return bars


def _units(face: m.Face | None) -> RenderableType:
    if face is None or face.au is None:
        return Text("")
    ranked = sorted(zip(face.au, ACTION_UNITS.items(), strict=True), reverse=True)[:4]
    shown = [f"{unit} {name} {value:.1f}" for value, (unit, name) in ranked if value >= 0.5]
    return Text("  ·  ".join(shown) or "no action unit above trace", style="grey74", no_wrap=True, overflow="ellipsis")


def _voice(shot: Snapshot) -> RenderableType:
    voice = shot.voice
    if voice is None:
        return Text("voice: no sound", style="grey50")
    if voice.speech_prob is None:
        return Text(f"voice: {m.STATE_WORDS[voice.state] or 'no sound'}", style="yellow3")
    text = Text("voice  ")
    text.append("▮" * round(10 * voice.speech_prob), style="green3")
    text.append("▯" * (10 - round(10 * voice.speech_prob)), style="grey35")
    text.append(f" speech {voice.speech_prob:.0%}")
    if shot.affect is not None and shot.affect.voice_state == "more_voices":
        text.append(f"   {m.STATE_WORDS['more_voices']}", style="yellow3")
    pitch, loud = voice.values.get("f0_hz"), voice.values.get("loudness_sone")
    text.append(f"   pitch {pitch:.0f} Hz" if pitch is not None else "   unvoiced", style="grey62")
    if loud is not None:
        text.append(f"   loudness {loud:.2f} sone", style="grey62")
    return text


def _health(shot: Snapshot) -> RenderableType:
    line = Text()
    for node, health in sorted(shot.health.items()):
        dot, colour = DOTS.get(health.state, ("●", "red3"))
        line.append(f"{dot} ", style="yellow3" if health.error and health.state == "ok" else colour)
        line.append(f"{node}  ", style="grey62")
    faults = [f"{h.node}: {h.error}" for h in shot.health.values() if h.error]
    return Group(line, Text(faults[0] if faults else "", style="yellow3", no_wrap=True, overflow="ellipsis"))
