"""Verified replay: recomputes a session from what each node really heard, and compares message by message.

Every node is recomputed on the lockstep host from its own recorded inputs, minus those it is known to have dropped, so
a divergence is found at the node that made it. Arrays that were not recorded are decoded again or recomputed upstream.
"""

from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from liveaffect.offline.verifying.arrays import Arrays, FromUpstream, from_source
from liveaffect.offline.verifying.compare import Difference, Tally, Verdict, VerifyReport, fields_of
from liveaffect.offline.verifying.evidence import Evidence, Expected
from liveaffect.offline.verifying.known import Trust, depths, split
from liveaffect.stream.errors import RecordError
from liveaffect.stream.graph import Entry, Graph, build_graph
from liveaffect.stream.lockstep import LockstepHost
from liveaffect.stream.messages import Message, Tick
from liveaffect.stream.session.info import machine, versions
from liveaffect.stream.session.media.reader import MediaStore
from liveaffect.stream.session.reader import SessionReader
from liveaffect.stream.topics import AUDIO, VIDEO, Topic, writer_of

TOLERANCE = 1e-4
FLIPPED_SHARE = 0.005
MOST_LOOKED_AT = 5000  # recorded messages in which a person is looked for, whose fields tell how old they are

Published = tuple[int, str, Message]
"""Start of the node, topic, message."""


def verify(
    folder: str | Path,
    *,
    tolerance: float | None = None,
    progress: Callable[[str, int, int], None] | None = None,
    trust: Trust | None = None,
) -> VerifyReport:
    """Recomputes whatever can be recomputed of the session in `folder`.

    Without a `tolerance`, everything must be identical on the machine and with the versions that recorded it; elsewhere
    numbers may be 1e-4 apart (relative above 1) and a decision may be another in 0.5 % of the messages.

    It must run in a process of its own whose way out is closed (`nodes.face.privacy.close_door`) where the graph has a
    face node. `progress` gets node, messages compared, messages recorded. `trust` is what the user named besides the
    session. Raises RecordError for what is no session.
    """
    return Verification(SessionReader(folder), tolerance, progress, trust or Trust()).report()


class Verification:
    """One session while it is being verified."""

    def __init__(
        self,
        reader: SessionReader,
        tolerance: float | None,
        progress: Callable[[str, int, int], None] | None,
        trust: Trust,
    ) -> None:
        self.reader, self.info, self._trust = reader, reader.info, trust
        if reader.running:
            raise RecordError(f"{reader.folder} is still being recorded: stop that first")
        if not self.info.graph:
            told = "".join(f"; {fault}" for fault in reader.faults)
            raise RecordError(f"{reader.folder} does not name its launch graph, so nothing can be recomputed{told}")
        self.strict = tolerance is None and (self.info.machine, self.info.versions) == (machine(), versions())
        self._tolerance = 0.0 if self.strict else tolerance if tolerance is not None else TOLERANCE
        self._share, self._progress = 0.0 if self.strict else FLIPPED_SHARE, progress
        self._table, self._refused = split(self.info.graph, trust)
        if set(self._table) <= {"graph"}:
            told = "; ".join(f"[{name}]: {why}" for name, why in self._refused.items())
            raise RecordError(f"{reader.folder} names no node that can be recomputed here{': ' if told else ''}{told}")
        self.graph = self._build()
        self.graph.depth = {**depths(self.info.wiring), **self.graph.depth}  # also of what is not made again
        self.evidence = Evidence(reader, self.graph.writers)
        self._tallies: dict[str, Tally] = {}
        self._why: dict[str, str] = {}
        self._compared: set[str] = set()
        self._heard_ns: dict[str, int] = {}
        """Topic -> time of the last input that the node which is being run was given."""
        self._torn = self.info.clock != "media" and self.info.state != "COMPLETE"
        """A kill takes what was on its way: a result may be in the recording, and what it was made of not."""
        self._sources: dict[str, str] = {}

    def _build(self) -> Graph:
        return build_graph(self._table, origin=str(self.reader.folder), partial=True)

    def report(self) -> VerifyReport:
        """Runs everything and judges."""
        entries = sorted(self.graph.entries.values(), key=self.graph.level)
        nodes = [e for e in entries if not e.spec.sources and self._outputs(e)]
        pulled: set[str] = set()  # recomputed while nodes downstream took their arrays
        plans: dict[str, dict[str, Arrays]] = {}
        for entry in nodes:
            plan, why, upstream = self._plan(entry)
            if why:
                self._why.update({topic: self._why.get(topic, why) for topic in self._outputs(entry)})
                continue
            plans[entry.name] = plan
            pulled |= upstream
        for entry in nodes:
            if entry.name in plans and entry.name not in pulled:
                for _ in self._run(entry, plans):
                    pass
        return self._judge(entries)

    def _outputs(self, entry: Entry) -> list[str]:
        return [topic.name for topic in entry.spec.outputs if not topic.host and topic.name in self.evidence.runs]

    def _plan(self, entry: Entry) -> tuple[dict[str, Arrays], str, set[str]]:
        """Where the arrays of each input come from, or why one cannot be had."""
        plan: dict[str, Arrays] = {}
        upstream: set[str] = set()
        for topic in entry.spec.inputs:
            if topic.record == "full" or topic.host or topic.name not in self.evidence.runs:
                if topic.record == "no" and topic.name in self.graph.writers:
                    return plan, f"{topic.name} is never recorded", upstream
                continue
            found = self._arrays(topic)
            if isinstance(found, str):
                return plan, found, upstream
            if isinstance(found, FromUpstream):
                upstream.add(self.graph.writers[topic.name])
            if found is not None:
                plan[topic.name] = found
                self._sources[topic.name] = found.text
        return plan, "", upstream

    def _arrays(self, topic: Topic[Any]) -> "Arrays | str | None":
        kept = self.info.persisted
        if (topic.name == "face/crop" and kept.crops) or (topic.name == "face/mesh" and kept.mesh):
            return None if not self.info.privacy else f"{topic.name} was not stored all the time (privacy)"
        if (topic is VIDEO and kept.video == "lossless") or (topic is AUDIO and kept.audio):
            return MediaStore(self.reader.folder, self.evidence.spans)
        writer = self.graph.entries.get(self.graph.writers.get(topic.name, ""))
        if writer is None:
            return f"nothing in the graph writes {topic.name}"
        if writer.spec.sources:
            found = from_source(writer, topic.name, self.info, self.reader.folder, self._trust)
            if isinstance(found, str) and topic is VIDEO and kept.video == "h264":
                return "pixels were recorded as H.264, which is not what the nodes saw"
            return found
        why = next((self._why[name] for name in self._outputs(writer) if name in self._why), "")
        if why:
            return f"needs {topic.name}: {why}"
        return FromUpstream(iter(()), topic.name, f"recomputed by {writer.name}")

    def _run(self, entry: Entry, plans: dict[str, dict[str, Arrays]]) -> Iterator[Published]:
        """Outputs of all starts of a node, compared on their way; a node whose arrays two others need runs for each
        of them, since to keep its arrays would take too much room, and is compared the first time."""
        plan, again = plans[entry.name], entry.name in self._compared
        self._compared.add(entry.name)
        drained: list[Iterator[Published]] = []
        for name, arrays in plan.items():
            if isinstance(arrays, FromUpstream):
                feed = self._run(self.graph.entries[self.graph.writers[name]], plans)
                plan[name] = FromUpstream(feed, name, arrays.text)
                drained.append(feed)
        outputs = self._outputs(entry)
        for start in self.evidence.starts(outputs):
            first = self.evidence.first_seq(outputs, start)
            if first > 0 and not self.info.from_start and start == self.evidence.starts(outputs)[0]:
                why = f"the recording began while [{entry.name}] was already running (first seq {first})"
                self._why.update(dict.fromkeys(outputs, why))
                continue
            yield from self._start(entry, start, outputs, plan, again)
        for feed in drained:
            for _ in feed:
                pass

    def _start(
        self, entry: Entry, start: int, outputs: list[str], plan: dict[str, Arrays], again: bool
    ) -> Iterator[Published]:
        graph = self._build().only([entry.name])
        graph.depth = self.graph.depth
        sure = self.evidence.sure_until(entry.name, start)
        if self.evidence.reports_lost(entry.name, start):
            self._why.update(dict.fromkeys(outputs, f"reports of drops of [{entry.name}] were not recorded"))
            return
        expected = Expected(self.reader, outputs, start, sure)
        host = LockstepHost(graph, inputs=self._heard(entry, start, outputs, plan), ticks="inputs")
        run = host.run()
        for topic, message in run:
            if topic.name not in outputs:
                continue
            if not expected.pending():
                break  # what this start still had in hand when it ended
            recorded = expected.take(topic.name, message.seq)
            if recorded is not None and not again:
                tally = self._tallies.get(topic.name)
                if tally is None:
                    tally = self._tallies[topic.name] = Tally(fields=self._fields(topic.name))
                tally.add(recorded, message)
                if self._progress is not None and tally.compared % 50 == 0:
                    self._progress(entry.name, tally.compared, self._count(topic.name))
            yield start, topic.name, message
        close = getattr(run, "close", None)
        if close is not None:
            close()
        for topic_name, message in () if again else expected.left():
            if self._torn and message.t_ns > min(self._heard_ns.values(), default=-1):
                self._why.setdefault(topic_name, f"what message {message.seq} was made of was lost with the kill")
            elif topic_name not in self._why:
                tally = self._tallies.setdefault(topic_name, Tally())
                tally.extra = tally.extra or f"recorded message {message.seq} was not recomputed"
                where = Difference(message.t_ns, message.seq, "", "a message", "none")
                tally.first = tally.first or where

    def _fields(self, topic: str) -> frozenset[str] | None:
        found: frozenset[str] | None = None
        for _, record in islice(self.reader.raw([topic]), MOST_LOOKED_AT):
            found = frozenset((found or frozenset()) | (fields_of(record.data) or frozenset())) or None
            if found is not None and any("[]" in name for name in found):
                break  # there was somebody in it
        return found

    def _heard(self, entry: Entry, start: int, outputs: list[str], plan: dict[str, Arrays]) -> Iterator[Message]:
        """What one start of a node processed, in stream order, arrays attached; ends where an input is missing."""
        evidence, name = self.evidence, entry.name
        began_ns, ended_ns = evidence.lived(name, start, outputs)
        expected: dict[tuple[str, int, str], int] = {}
        self._heard_ns = {t.name: -1 for t in entry.spec.inputs if not t.host and t.name in evidence.runs}
        wanted = {topic.name for topic in entry.spec.inputs}
        for topic, message in self.reader.stream_order(wanted, self.graph.depth):
            if isinstance(message, Tick):
                if message.node not in ("", name) or (message.node and message.incarnation != start):
                    continue
            elif (ended_ns and message.pub_ns > ended_ns) or not self._after_start(
                topic, message, name, start, began_ns
            ):
                continue
            line = (topic.name, message.incarnation, writer_of(topic, message))
            if evidence.dropped(name, start, line, message.seq):
                continue
            if not topic.host:
                self._heard_ns[topic.name] = max(self._heard_ns.get(topic.name, -1), message.t_ns)
                due = expected.get(line, 0 if self.info.from_start and not began_ns else message.seq)
                expected[line] = message.seq + 1
                lost, first = evidence.unexplained(name, start, line, due, message.seq - 1)
                if lost:
                    self._stop(outputs, f"{lost} inputs on {topic.name} were not recorded (from seq {first})")
                    return
            arrays = plan.get(topic.name)
            if arrays is not None:
                filled = arrays.attach(message)
                if filled is None:
                    self._stop(outputs, f"{topic.name} {message.seq} could not be had again ({arrays.text})")
                    return
                message = filled
            yield message

    def _after_start(self, topic: Topic[Any], message: Message, name: str, start: int, began_ns: int) -> bool:
        first = self.evidence.heard_from(name, start, topic.name)
        return (not began_ns or message.pub_ns > began_ns) and (first is None or message.incarnation >= first)

    def _stop(self, outputs: list[str], why: str) -> None:
        self._why.update(dict.fromkeys(outputs, f"{why}; what follows is not verified"))

    def _count(self, topic: str) -> int:
        return sum(run.recorded + run.duplicates for run in self.evidence.runs.get(topic, {}).values())

    def _judge(self, entries: list[Entry]) -> VerifyReport:
        verdicts: list[Verdict] = []
        for entry in entries:
            for topic in self._outputs(entry):
                verdict = Verdict(topic, entry.name, "not verified", self._count(topic), why=self._why.get(topic, ""))
                if entry.spec.sources:
                    verdict.status, verdict.why = "input", self._sources.get(topic, "headers only")
                tally = self._tallies.get(topic)
                if tally is not None:
                    self._weigh(verdict, tally)
                if not verdict.why and 0 < verdict.compared < verdict.recorded:
                    verdict.why = "what a node did after its last report, or before the recording, is not known"
                verdicts.append(verdict)
        for name, why in self._refused.items():
            for topic in self.info.wiring.get(name, {}).get("writes", ()):
                count = self._count(topic) or self.evidence.unknown[topic]
                if count:
                    verdicts.append(Verdict(topic, name, "not verified", count, why=why))
        reader = self.reader
        return VerifyReport(str(reader.folder), reader.state, reader.start_ns, self.strict, verdicts, reader.faults)

    def _weigh(self, verdict: Verdict, tally: Tally) -> None:
        verdict.compared, verdict.digest, verdict.first = tally.compared, tally.digest, tally.first
        verdict.max_error, verdict.flipped, verdict.flips = tally.max_error, tally.flipped, tally.flips
        verdict.why = tally.extra or verdict.why
        close = tally.max_error <= self._tolerance and tally.flipped <= self._share * max(1, tally.compared)
        if tally.extra or not close:
            verdict.status = "diverges"
        elif tally.compared:
            verdict.status = "identical" if not tally.differing else "within tolerance"
