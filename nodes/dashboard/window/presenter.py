"""From the scene to the views: copies what they need under the lock, and paints outside it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from liveaffect.nodes.dashboard.scene.attending import gaze_fits, in_one_line
from liveaffect.nodes.dashboard.scene.frames import Picture
from liveaffect.nodes.dashboard.scene.lost import Lost, stale
from liveaffect.nodes.dashboard.scene.shown import Scene, Shown
from liveaffect.nodes.dashboard.scene.tracks import number
from liveaffect.nodes.dashboard.scene.words import Reason, baseline_in_force, face_reason, voice_reason
from liveaffect.nodes.dashboard.views.circumplex import TRAIL_S, CircumplexView, reason_words
from liveaffect.nodes.dashboard.views.emotions import EmotionsView
from liveaffect.nodes.dashboard.views.events import events_of
from liveaffect.nodes.dashboard.views.people import PeopleBar
from liveaffect.nodes.dashboard.views.trace_data import thinned
from liveaffect.nodes.dashboard.views.traces import Other, Traces
from liveaffect.nodes.dashboard.views.units import UnitsView
from liveaffect.nodes.dashboard.views.video import VideoView
from liveaffect.nodes.dashboard.views.voice import SPAN_S, VoiceView
from liveaffect.nodes.dashboard.views.weights import WeightsView
from liveaffect.nodes.dashboard.window.side import Side
from liveaffect.stream.messages import Baseline

QUIET_NS = 400_000_000
"""Estimates come thirty times a second, ten without a camera; after this the right edge moves on by itself."""
OLD_NS = 1_500_000_000
"""A picture that is older is shown as such."""
FRESH_NS = 500_000_000
"""Action units are those of now, or none."""
TRAIL_STEP_S = 0.1
WAITING = Reason("Waiting for the first estimate", "Models are being loaded; this takes a few seconds")


@dataclass
class Views:
    """All that is painted."""

    video: VideoView
    circumplex: CircumplexView
    emotions: EmotionsView
    units: UnitsView
    voice: VoiceView
    weights: WeightsView
    traces: Traces
    people: PeopleBar


class Presenter:
    """Parameters: the scene, the views and the right column's panels, and whether pixels are wanted now."""

    def __init__(
        self, scene: Scene, views: Views, side: Side, pixels: Callable[[], bool], private: Callable[[], bool]
    ) -> None:
        self._scene, self._views, self._side, self._pixels, self._private = scene, views, side, pixels, private
        self.gone: Lost | None = None
        """Nothing is heard any more: what was shown last stays, in grey."""

    def go(self, gone: Lost | None) -> None:
        """Greys everything, with the reason upon the picture; None brings it back."""
        if gone == self.gone:
            return
        self.gone = gone
        views, since = self._views, gone.since if gone is not None else ""
        for view in (views.circumplex, views.emotions, views.units, views.voice, views.weights, views.traces):
            view.go(since)
        self._side.go(since)
        views.people.setEnabled(gone is None)
        self.picture()
        if gone is None:
            self.plots()

    def now_ns(self) -> int:
        """Stream time of the right edge: that of the newest estimate, going on by itself when none comes."""
        scene = self._scene
        quiet_ns = scene.clock() - scene.affect_heard_ns
        if scene.kind == "replay" or not scene.affect_heard_ns or quiet_ns < QUIET_NS:
            return scene.now_ns
        return scene.now_ns + quiet_ns - QUIET_NS

    def picture(self, *, new_only: bool = False) -> bool:
        """The newest frame with its faces. With `new_only`: nothing, and False, where that is what is shown."""
        scene, pixels = self._scene, self._pixels()
        with scene.lock:
            shot = scene.frames.newest(pixels=pixels)
            before = self._views.video.picture
            if new_only and self.gone is None and (shot is None or (before is not None and _same(shot, before))):
                return False
            people, who = ({} if stale(scene) and self.gone is None else dict(scene.people)), scene.shown
            reason, gazes = self._no_picture(), gaze_fits(baseline_in_force(scene))
            old = self.gone is None and shot is not None and scene.kind == "live" and self.now_ns() - shot.t_ns > OLD_NS
        if old and shot is not None and shot.image is None:
            shot = None
        if shot is None and reason is None:
            reason = WAITING if scene.affect is None else Reason("No picture", "Nothing comes from the camera")
        self._views.video.gone, self._views.video.gazes = self.gone is not None, gazes
        has_image = shot is not None and shot.image is not None
        self._views.video.present(
            shot, people, who, reason, self._note(pixels, has_image, shot is not None and bool(shot.meshes))
        )
        return True

    def plots(self) -> None:
        """Everything but the picture; nothing moves where nothing is heard any more."""
        if self.gone is not None:
            self._side.present(self._scene.now_ns, ask=False)  # a page that is only opened now is not empty
            return
        scene, views = self._scene, self._views
        with scene.lock:
            now_ns = self.now_ns()
            now_s = scene.seconds(now_ns)
            old = stale(scene)
            person, who = None if old else scene.person, scene.shown
            everyone = [] if old else sorted(scene.people.values(), key=lambda one: (one.id < 0, one.id))
            fresh = abs(now_ns - scene.faces_ns) < FRESH_NS
            face = scene.faces.get(who) if fresh and who is not None else None
            seen, heard = face_reason(scene), voice_reason(scene)
            t, rows = scene.trace.since(now_s - views.traces.length_s)
            trail_t, trail = scene.trace.since(now_s - TRAIL_S)
            voice, (voice_t, voice_rows) = scene.voice, scene.voice_track.since(now_s - SPAN_S - 1)
            markers = [(scene.seconds(one.t_ns), one.label) for one in scene.markers]
            state = "stale" if scene.affect is None or old else scene.affect.state
            silent = scene.affect is not None and scene.affect.voice_state == "silence"
            rest = at_rest(scene, who)
            several = scene.affect is not None and scene.affect.voice_state == "more_voices"
            others = _others(scene, everyone, who, now_s - views.traces.length_s) if views.traces.everyone else []
            names = {one.id: one.name for one in everyone}
            attends = in_one_line(scene.over.attending.words(now_ns, names), names)
            beyond = scene.over.beyond(now_ns)
            pinned, unheard = scene.pinned, scene.affect is None
            events = events_of(scene, who, now_ns - round(views.traces.length_s * 1e9))
        words = "waiting for the first estimate" if unheard else reason_words(seen, person, state)
        trail_t, trail = thinned(trail_t, trail, now_s - TRAIL_S, TRAIL_STEP_S)
        points = np.column_stack((now_s - trail_t, trail[:, 0], trail[:, 2]))
        if self._side.page == "now":
            views.circumplex.present(person, [one for one in everyone if one.id != who], points, words)
            views.emotions.present(person, words)
            views.units.miss(seen)
            views.units.present(face, words if face is None else "", rest.au)
            views.voice.miss(heard)
            newest_s = float(voice_t[-1]) if len(voice_t) else now_s
            views.voice.present(voice, voice_t, voice_rows, max(newest_s, now_s - 0.6))
            views.weights.miss(WAITING if unheard and seen is None else None)
            views.weights.present(person, heard, silent, several)
        views.traces.rest = (number(rest.valence), number(rest.arousal))
        views.traces.names = names
        views.traces.events = events
        views.traces.present_others(others)
        views.traces.present(t, rows, now_s, markers)
        views.people.present(everyone, who, pinned, attends, beyond)
        self._side.present(now_ns)

    def _no_picture(self) -> Reason | None:
        scene = self._scene
        if self.gone is not None:
            return Reason(self.gone.headline, self.gone.words)
        if not scene.connected and scene.starting:
            return Reason("Starting", scene.trouble)
        if not scene.connected:
            return Reason(
                "No connection to the sensor" if scene.affect is None else "The sensor is silent", scene.trouble
            )
        return face_reason(scene)

    def _note(self, pixels: bool, shown: bool, meshes: bool) -> str:
        if self._private():
            return "privacy: no picture, drawn from landmarks"
        if not pixels:
            return "picture off: drawn from landmarks"
        if not shown and self._scene.kind == "replay":
            return "recorded without pictures" + ("" if meshes else ": a sketch after the blendshapes")
        return ""


def _others(scene: Scene, everyone: Sequence[Shown], who: int | None, from_s: float) -> list[Other]:
    """The traces of all but the person who is looked at."""
    found: list[Other] = []
    for one in everyone:
        if one.id != who and one.id in scene.tracks:
            found.append((one.id, *scene.tracks[one.id].since(from_s)))
    return found


def _same(one: Picture, other: Picture) -> bool:
    return one.key == other.key and (one.image is None) == (other.image is None)


def at_rest(scene: Scene, who: int | None) -> Baseline:
    """The neutral baseline of whoever is looked at; one without values where there is none."""
    kept = baseline_in_force(scene)
    if kept is not None and kept.face_id == who:
        return kept
    return Baseline(t_ns=0, state="cleared")
