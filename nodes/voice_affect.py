"""The voice model's node: descriptors of every hop in; valence, arousal and emotions of the voice out, each 100 ms."""

import math
from pathlib import Path
from typing import Any, Literal

from liveaffect.models import registry
from liveaffect.models.files import manifest
from liveaffect.models.files.net import Net
from liveaffect.models.voice.affect import STEP_HOPS, VoiceAffectModel
from liveaffect.models.voice.baseline import VoiceBaseline
from liveaffect.models.voice.mel import HOP, N_MELS
from liveaffect.stream import messages as m
from liveaffect.stream.node import Node, on
from liveaffect.stream.topics import VOICE, VOICE_AFFECT

_OLDER = (
    f"these voice descriptors were recorded by an older version, without the {N_MELS} bands that the voice model "
    "hears; run the node `voice` again too, from the recorded sound"
)
_ALONE = (
    "nobody is called more than one voice: the model `voice-together` is not here, or the profile forbids it "
    "(`liveaffect models info voice-together`)"
)


class VoiceAffectNode(Node):
    """Runs the voice-affect model on the last seconds of speech.

    A message leaves with every tenth hop and carries the time of that hop, the end of the window. Without speech its
    state is "silence" and its numbers are None; so they are where two people speak at once ("more_voices"), which is
    told where the model `voice-together` is there and the profile allows it. A gap forgets what was heard. The model is
    asked twice a second, which takes it several milliseconds: it has a process of its own, out of the way of the next
    hop.
    """

    model: str = "voice-affect"
    """A name in the manifest; "voice-rules" tells arousal alone, which fusion then leaves out."""
    provider: Literal["cpu", "cuda"] = "cpu"
    """Where the net runs; "cuda" needs the extra `liveaffect[gpu]`."""
    baseline: str = ""
    """JSON file of the speaker's calm voice (`VoiceBaseline.save`); "" judges the voice against the population."""

    def open(self) -> None:
        self._net = registry.load(self.model, provider=self.provider)
        self._label = f"{self.model} {manifest.entry(self.model).version}"
        known = VoiceBaseline.load(Path(self.baseline).expanduser()) if self.baseline else None
        self._stream = self._net.stream(known)
        self._older: str | None = None

    def info(self) -> dict[str, Any]:
        known = self._stream.baseline
        net: Net | None = getattr(self._net, "net", None)
        return {
            "model": self._label,
            "providers": list(net.providers) if net is not None else [],
            "baseline_s": 0.0 if known is None else known.seconds,
        }

    def notice(self) -> str:
        """Where the net runs, if not where it was wanted, that what it is given is of an older version, or that more
        than one voice is not told."""
        net: Net | None = getattr(self._net, "net", None)
        alone = isinstance(self._net, VoiceAffectModel) and self._net.together is None
        return (net.notice if net is not None else None) or self._older or (_ALONE if alone else "")

    @on(VOICE, emits=VOICE_AFFECT)
    def step(self, hop: m.VoiceDescriptors) -> m.VoiceAffect | None:
        """One hop of 10 ms; at the last one of each 100 ms of sound, and whenever there is no device, a message."""
        if hop.gap:
            self._stream.reset()
        if hop.state in ("no_device", "node_down", "stale"):
            self._stream.reset()
            return m.VoiceAffect(t_ns=hop.t_ns, state=hop.state, model=self._label)
        strange = hop.mel_db is not None and len(hop.mel_db) != N_MELS
        self._stream.push(hop.values, None if strange else hop.mel_db, hop.speech_prob)
        if (hop.first_sample // HOP + 1) % STEP_HOPS:
            return None
        if strange:
            self._older = _OLDER
            return m.VoiceAffect(t_ns=hop.t_ns, state="low_quality", model=self._label)
        said = self._stream.estimate()
        if said is None:
            return m.VoiceAffect(t_ns=hop.t_ns, state="silence", speech_prob=hop.speech_prob, model=self._label)
        if said.more_voices:
            return m.VoiceAffect(t_ns=hop.t_ns, state="more_voices", speech_prob=hop.speech_prob, model=self._label)
        told = not math.isnan(said.valence)  # rules tell arousal alone
        return m.VoiceAffect(
            t_ns=hop.t_ns, state="ok", speech_prob=hop.speech_prob, valence=said.valence if told else None,
            valence_sd=said.valence_sd if told else None, arousal=said.arousal, arousal_sd=said.arousal_sd,
            emotions=said.emotions if told else None, model=self._label,
        )  # fmt: skip
