"""The voice's side of the reasons: its hops are followed, and an answer of its model is taken apart when asked."""

from collections import OrderedDict
from pathlib import Path
from typing import Any

from liveaffect.models import registry
from liveaffect.models.circumplex import EMOTIONS
from liveaffect.models.reasons.heard import USUAL_LEAST_S, CarriedVoice, Snapshot, VoiceFollower
from liveaffect.models.reasons.prosody import UNITS
from liveaffect.models.voice.affect import STEP_HOPS, VoiceAffectModel
from liveaffect.models.voice.baseline import VoiceBaseline
from liveaffect.models.voice.mel import HOP, N_MELS
from liveaffect.stream import messages as m

LEAST_WEIGHT = 0.05
"""A voice that weighs less in an estimate is not taken apart for it."""
EVERY_NS = 2_000_000_000
"""It is taken apart every two seconds at most (an answer is of three): up to four more of the encoder cost 35 ms."""
ASKED_NS = 500_000_000
"""And so often for whom somebody asked, by the command `why`."""
_KEPT = 32
_GONE = ("no_device", "node_down", "stale")


class Listening:
    """Says of the voice's newest estimates what carried them.

    Parameters
    ----------
    settings: those of the node `voice_affect` in the graph; its model must be the one that can be taken apart.
    """

    def __init__(self, settings: dict[str, Any]) -> None:
        name, baseline = settings.get("model", "voice-affect"), settings.get("baseline", "")
        net = registry.load(name, provider=settings.get("provider", "cpu"))
        known = VoiceBaseline.load(Path(baseline).expanduser()) if baseline else None
        self._follower = VoiceFollower(net, known) if isinstance(net, VoiceAffectModel) else None
        self._said: OrderedDict[int, Snapshot | None] = OrderedDict()
        self._measured: tuple[int, int, Snapshot, CarriedVoice] | None = None

    def hop(self, hop: m.VoiceDescriptors) -> None:
        """Follows what the node `voice_affect` makes of one hop, step by step."""
        if self._follower is None:
            return
        if hop.gap or hop.state in _GONE:
            self._follower.reset()
        if hop.state in _GONE:
            return
        strange = hop.mel_db is not None and len(hop.mel_db) != N_MELS
        self._follower.push(hop.values, None if strange else hop.mel_db, hop.speech_prob)
        if (hop.first_sample // HOP + 1) % STEP_HOPS == 0:
            self._said[hop.t_ns] = None if strange else self._follower.estimate()
            if len(self._said) > _KEPT:
                self._said.popitem(last=False)

    def heard(self, voice: m.VoiceAffect | None, who: int = -1, every_ns: int = EVERY_NS) -> tuple[m.Heard | None, str]:
        """What carried this estimate of the voice, or one of the same person that is younger than `every_ns`; or (in
        words) why that is not known."""
        if voice is None or voice.state != "ok" or voice.emotions is None:
            state = "silence" if voice is None else voice.state
            return None, f"voice: {m.STATE_WORDS.get(state, state)}"
        if self._follower is None:
            return None, f"the voice is judged by {voice.model}, which is not taken apart"
        said = self._said.get(voice.t_ns)
        if said is None or (said.estimate.valence, said.estimate.arousal) != (voice.valence, voice.arousal):
            return None, "the voice was not followed from its beginning"
        if said.heard_s < USUAL_LEAST_S:
            return (
                None,
                f"the voice's usual is known after {USUAL_LEAST_S:.0f} s of speech ({said.heard_s:.0f} s so far)",
            )
        before = self._measured
        if before is None or before[1] != who or not 0 <= voice.t_ns - before[0] < every_ns:
            found = self._follower.measure(said)
            if found is None:
                return None, "the voice could not be taken apart"
            before = self._measured = (voice.t_ns, who, said, found)
        return _message(before[2], before[3]), ""


def _message(said: Snapshot, found: CarriedVoice) -> m.Heard:
    one = said.estimate
    cues = tuple(
        m.Cue(
            name=cue, valence=float(effect[0]), arousal=float(effect[1]), category=float(effect[2]), modality="voice",
            value=said.now.told(cue), rest=said.rest.told(cue), unit=UNITS[cue],
        )
        for cue, effect in found.effects.items()
    )  # fmt: skip
    return m.Heard(
        valence=one.valence, arousal=one.arousal, category=EMOTIONS[found.category],
        share=one.emotions[found.category], cues=cues, ways=found.ways,
    )  # fmt: skip
