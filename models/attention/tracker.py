"""Everyone in one picture: what each does, and who looks at whom."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from liveaffect.models.attention.aims import AimShares, Priors, aim_shares, mutual
from liveaffect.models.attention.directions import Offset, Place, direction, to_camera, to_face
from liveaffect.models.attention.eyelids import BlinkFound
from liveaffect.models.attention.gestures import GestureFound
from liveaffect.models.attention.person import Gaze, Glimpse, Individual

EVERY_NS = 200_000_000
FORGET_NS = 60_000_000_000
"""Somebody who was away for so long is begun anew."""


@dataclass(slots=True)
class AttentionSaid:
    """One person, at one instant; None where it could not be told."""

    gaze: Gaze | None = None
    aims: AimShares | None = None
    openness: float | None = None
    shut: bool | None = None
    contact_share: float | None = None
    blinks_per_min: float | None = None
    perclos: float | None = None
    seconds: float = 0.0
    """Time of the last minute in which the eyes were seen."""
    blinks: int = 0
    nods: int = 0
    shakes: int = 0


@dataclass(slots=True)
class Happened:
    """Events that a frame was found to have ended, by person."""

    blinks: list[tuple[int, BlinkFound]] = field(default_factory=list[tuple[int, BlinkFound]])
    gestures: list[tuple[int, GestureFound]] = field(default_factory=list[tuple[int, GestureFound]])


class AttentionTracker:
    """Takes frames in order of time; says everyone five times a second.

    Parameters
    ----------
    priors: what is thought of a gaze before it is seen.
    pairs: whether the people in the picture share a room, and can look at each other.
    """

    def __init__(self, priors: Priors | None = None, *, pairs: bool = True) -> None:
        self._priors, self._pairs = priors or Priors(), pairs
        self._people: dict[int, Individual] = {}
        self._said_ns: int | None = None

    def see(self, t_ns: int, people: Mapping[int, Glimpse | None]) -> Happened:
        """One frame: what it shows of whom; None is a face that is lost or not clear. Whoever was not measured in this
        frame, since there was no time for all, is left out."""
        happened = Happened()
        for who, seen in people.items():
            one = self._people.get(who)
            if one is None:
                one = self._people[who] = Individual()
            if seen is None:
                gestures = one.lose(t_ns)
            else:
                blink, gestures = one.see(t_ns, seen)
                if blink is not None:
                    happened.blinks.append((who, blink))
            happened.gestures += [(who, gesture) for gesture in gestures]
        return happened

    def due(self, t_ns: int) -> bool:
        """Whether everyone is to be said at this frame."""
        return self._said_ns is None or t_ns // EVERY_NS != self._said_ns // EVERY_NS

    def say(self, t_ns: int, places: Mapping[int, Place | None]) -> dict[int, AttentionSaid]:
        """Everyone of `places` (None: it is not known where), since this was last asked."""
        self._said_ns = t_ns
        self._people = {who: one for who, one in self._people.items() if t_ns - one.last_ns <= FORGET_NS}
        said: dict[int, AttentionSaid] = {}
        for who, place in places.items():
            one = self._people.get(who)
            if one is None:
                continue
            gaze = one.gaze()
            aims = None if gaze is None or place is None else self._aims(who, gaze, place, places)
            one.said(t_ns, None if aims is None else aims.camera)
            contact, shut, blinks = one.contact.per_second(), one.shut.per_second(), one.blinking.per_second()
            said[who] = AttentionSaid(
                gaze, aims, one.eyelids.openness, one.eyelids.shut,
                None if contact is None else contact / 1e9, None if blinks is None else 60.0 * blinks,
                None if shut is None else shut / 1e9, one.shut.seconds, one.blinks, one.nods, one.shakes,
            )  # fmt: skip
        return said

    def _aims(self, who: int, gaze: Gaze, place: Place, places: Mapping[int, Place | None]) -> AimShares:
        line = direction(place, gaze.yaw_deg, gaze.pitch_deg)
        others: dict[int, Offset] = {}
        if self._pairs and place.range_sd_m > 0:
            others = {
                other: to_face(line, place, there)
                for other, there in places.items()
                if other != who and there is not None and there.range_sd_m > 0
            }
        return aim_shares(gaze.sd_deg, to_camera(line, place), others, self._priors)


def mutual_gazes(said: Mapping[int, AttentionSaid]) -> dict[tuple[int, int], float]:
    """Probability of mutual gaze of every pair of which both are known, the lower id first."""
    found: dict[tuple[int, int], float] = {}
    for first, one in said.items():
        for second, p in (one.aims.faces if one.aims is not None else {}).items():
            other = said[second].aims if second in said else None
            if first < second and other is not None and first in other.faces:
                found[first, second] = mutual(p, other.faces[first])
    return found
