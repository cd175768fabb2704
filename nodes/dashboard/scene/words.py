"""What the window says: states, reasons, numbers and baselines in words. No Qt here."""

import html
from dataclasses import dataclass

from liveaffect.models.circumplex import Z90
from liveaffect.models.face.action_units import ACTION_UNITS
from liveaffect.nodes import FACE_NODES, VOICE_NODES
from liveaffect.nodes.dashboard.scene.shown import Scene
from liveaffect.stream import messages as m

SPAN_WORDS = m.STATE_WORDS | {"before": "nothing earlier"}
SHORT_WORDS = m.SHORT_STATE_WORDS | {"before": "nothing"}
"""Where a span has no room for more."""
WEAKEST_AU = 0.3
"""Weaker units are not named as those of a resting face."""
MOST_UNITS = 3

SILENT_NS = 2_500_000_000
HEALTH_WORDS = {"starting": "starting", "ok": "running", **m.DOWN_WORDS, "stopped": "has ended"}


def percent(share: float) -> str:
    """A share in words, with the space that figures and units have between them."""
    return f"{100 * share:.0f} %"


@dataclass(frozen=True)
class Reason:
    """Why something is missing: a headline, and what is known of it."""

    headline: str
    words: str = ""


def face_reason(scene: Scene) -> Reason | None:
    """Why the camera or the face gives nothing at all; None while it works (a face that is away is no fault)."""
    state = scene.affect.face_state if scene.affect else None
    return _modality_reason(scene, FACE_NODES, state, "camera", "frames", begun=bool(scene.answered))


def voice_reason(scene: Scene) -> Reason | None:
    """Why there is no sound; None while it works (silence is no fault)."""
    state = scene.affect.voice_state if scene.affect else None
    return _modality_reason(scene, VOICE_NODES, state, "microphone", "sound", begun=scene.voice is not None)


def _modality_reason(
    scene: Scene, nodes: tuple[str, ...], state: str | None, device: str, thing: str, *, begun: bool
) -> Reason | None:
    broken = [scene.health[name] for name in nodes if name in scene.health and scene.health[name].state in m.DOWN]
    if broken:
        return Reason(f"{node_words(broken[0])}", broken[0].error)
    again = [h for name in nodes if (h := scene.health.get(name)) and h.state == "starting" and h.restarts]
    if again:  # sooner than the estimates can tell
        return Reason(f"{again[0].node} is being started again", "The rest goes on")
    known = scene.facts.get("nodes")
    if known and nodes[0] not in known and not any(n in scene.health for n in nodes) and scene.kind == "live":
        return Reason(f"No {device} in this run", f"It was started without one, so there is no {thing}")
    source = scene.health.get(nodes[0])
    said = source.error if source is not None else ""
    if state == "no_device":
        return Reason(f"No {device}", said or f"No {thing} comes from it; it is tried again by itself")
    if state == "node_down":
        return Reason(f"A node of the {device} is down", "It is being started again")
    if state == "stale":
        silent = _silent(scene, nodes)
        if silent is not None:
            return silent
        if not begun:
            return Reason(f"Waiting for the {device}", said)
        return Reason(f"No {thing} any more", said or f"Nothing new has come from the {device} for a while")
    return None


def _silent(scene: Scene, nodes: tuple[str, ...]) -> Reason | None:
    """A node that says nothing of itself any more, or is only starting: its modality waits for it."""
    newest_ns = max((health.t_ns for health in scene.health.values()), default=0)
    for name in nodes:
        health = scene.health.get(name)
        if health is not None and health.state == "starting":
            return Reason(f"{name} is starting")
        if health is not None and newest_ns - health.t_ns > SILENT_NS and scene.kind == "live":
            return Reason(f"{name} is silent", "No sign of life; where it hangs it is started again by itself")
    return None


def node_words(health: m.Health) -> str:
    """A node and how it is doing, such as "face has stopped and is being started again"."""
    return f"{health.node} {HEALTH_WORDS.get(health.state, health.state)}"


def signed(value: float | None, digits: int = 2) -> str:
    """+0.31 or −0.31, "not known" for none."""
    return "not known" if value is None else f"{round(value, digits) + 0.0:+.{digits}f}".replace("-", "−")  # no −0.00


def with_interval(value: float | None, sd: float | None) -> str:
    """+0.31 ± 0.20, where 0.20 is half of the 90 % interval."""
    if value is None:
        return "not known"
    return signed(value) + (f" ± {Z90 * sd:.2f}" if sd is not None else " ± not known")


def clock(seconds: float) -> str:
    """1:02:03, or 02:03 under an hour."""
    whole = int(max(0.0, seconds))
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes:02d}:{rest:02d}"


def size(megabytes: float) -> str:
    """Free room as a person says it."""
    return f"{megabytes / 1024:.0f} GB" if megabytes >= 10 * 1024 else f"{megabytes / 1024:.1f} GB"


def baseline_in_force(scene: Scene) -> m.Baseline | None:
    """The baseline in force: what was heard, else what the node tells those who came later; None without one."""
    said = scene.baseline
    if said is not None and said.state != "failed":
        return said if said.state == "done" else None
    health = scene.health.get("baseline")
    status = None if health is None else health.status
    return status.in_force if isinstance(status, m.BaselineStatus) else None


def baseline_doubt(scene: Scene) -> str:
    """Why the baseline in force may no longer fit; "" while it does, and where there is none."""
    health = scene.health.get("baseline")
    status = None if health is None else health.status
    return status.doubt if isinstance(status, m.BaselineStatus) and baseline_in_force(scene) is not None else ""


def result_words(said: m.Baseline, trouble: str = "") -> str:
    """Rich text: whose, how many frames, the values at rest, the strongest units, the file, and what is wrong."""
    numbers = [
        f"{name} {signed(value)} ± {'?' if spread is None else f'{spread:.2f}'}"
        for name, value, spread in (
            ("valence", said.valence, said.valence_spread),
            ("arousal", said.arousal, said.arousal_spread),
        )
        if value is not None
    ]
    strongest = sorted(said.au.items(), key=lambda pair: -pair[1])[:MOST_UNITS]
    units = [
        f"{name.upper()} {ACTION_UNITS.get(name.upper(), '')} {value:.1f}"
        for name, value in strongest
        if value >= WEAKEST_AU
    ]
    lines = [
        f"<b>Face {said.face_id} at rest</b>, {said.rows} frames: {', '.join(numbers)}.",
        f"Strongest at rest: {', '.join(units)} (of 5)." if units else "No action unit stands out at rest.",
    ]
    if said.restless:
        lines.append("<b>The face was not at rest:</b> better do it again, and hold still.")
    if said.gaze is not None:
        lines.append(gaze_words(said.gaze))
    lines.append(html.escape(trouble if trouble else f"Kept in {said.file}"))
    return "<br>".join(lines)


def gaze_words(found: m.GazeCalibration) -> str:
    """How far the gaze was told beside the dots, before and after it was calibrated."""
    return (
        f"Gaze calibrated on {found.dots} dots: told {found.before_deg:.1f}° beside them before, "
        f"{found.after_deg:.1f}° after."
    )
