"""LiveHost: one process, one serial loop over one node or a group, sockets to the rest of the graph.

Inside a group messages are handed over without copying. Inputs are delivered in the one stream order
(`stream/order.py`); what comes after its slot is dropped, counted as late and published on `drop`.
"""

import time
from collections import deque
from collections.abc import Callable, Generator, Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from liveaffect.stream.graph import Entry
from liveaffect.stream.live.bus import Publisher, Subscriber, newest
from liveaffect.stream.live.hosted import HostedNode, LiveContext, ProcessMeter
from liveaffect.stream.live.pulse import Pulse
from liveaffect.stream.messages import OPEN, Command, Log, Message, Tick
from liveaffect.stream.node import Feed, HostInfo, Node, bind, messages_of, spec_of
from liveaffect.stream.order import order_key
from liveaffect.stream.topics import (
    COMMAND,
    DROP,
    HEALTH,
    LOG,
    MARKER,
    REGISTRY,
    TICK,
    TICK_NS,
    Topic,
    topic_of,
    writer_of,
)

LAG_NS = 300_000_000
"""Ticks run this far behind the clock, so that they never overtake a frame that is being processed."""
START_LAG_NS, START_NS = 1_500_000_000, 5_000_000_000
"""At first they stay further behind: a model's first answer takes longer than all later ones."""
MAX_LAG_NS = 3_000_000_000
HEALTH_NS = 1_000_000_000
WAITING_LIMIT = 2000


class LiveHost:
    """Runs the nodes of one process.

    Parameters
    ----------
    entries: the nodes of this process, writers before readers.
    depth: topic name -> depth in the whole graph.
    where: what each node is told of where it runs; its name is filled in here.
    publisher, subscriber: sockets, bound and connected.
    pulse: told of every turn of the loop and every message handled.
    logged: what this process has logged since the last call, for the topic `log`.
    stop: True when the loop should end.
    """

    def __init__(
        self,
        entries: list[Entry],
        depth: dict[str, int],
        where: HostInfo,
        *,
        publisher: Publisher,
        subscriber: Subscriber,
        pulse: Pulse,
        logged: Callable[[], list[Log]] = list,
        stop: Callable[[], bool],
    ) -> None:
        self.nodes = [HostedNode(entry, depth) for entry in entries]
        self.process, self.incarnation, self.clock = where.process, where.incarnation, where.clock
        self._publisher, self._subscriber, self._pulse, self._stop = publisher, subscriber, pulse, stop
        self._readers: dict[str, list[HostedNode]] = {}
        for hosted in self.nodes:
            for topic in hosted.spec.inputs:
                self._readers.setdefault(topic.name, []).append(hosted)
            bind(hosted.node, replace(where, name=hosted.name))
        self._complete = any(hosted.node.complete for hosted in self.nodes)
        choosy = any(type(hosted.node).sees is not Node.sees for hosted in self.nodes)
        own = {topic.name for hosted in self.nodes for topic in hosted.spec.outputs}
        heavy = [REGISTRY[name] for name in self._readers if REGISTRY[name].record == "header"]
        self._optional = [topic for topic in heavy if choosy and topic.name not in own]
        self._logged = logged
        self._seqs: dict[str, int] = {}
        self._expected: dict[tuple[str, str], tuple[int, int]] = {}
        self._meter = ProcessMeter()
        self._ticked = any(hosted.spec.ticked for hosted in self.nodes)
        self._depth = depth
        self._ordered = any(hosted.node.ordered for hosted in self.nodes)
        self._gather_s = min((hosted.node.gathers_ms for hosted in self.nodes), default=0) / 1e3
        self._epoch_ns = 0
        self._next_tick = self._next_health = 0
        self._delays_ns: deque[int] = deque([0], maxlen=64)
        """How long after their slot the last inputs arrived: the tick must stay behind them."""
        self._opened: list[HostedNode] = []

    def open(self) -> None:
        """Opens every node; the first failure is raised after the others are closed."""
        for hosted in self.nodes:
            self._opened.append(hosted)
            began, self._pulse.doing = time.monotonic(), hosted.name
            hosted.node.open()
            self._pulse.turn()
            hosted.node.log.info("opened in %.2f s", time.monotonic() - began)
        self._look()

    def close(self) -> None:
        """Closes what was opened, readers first."""
        while self._opened:
            self._opened.pop().node.close()

    def run(self, epoch_ns: int, ended: Callable[[], None]) -> None:
        """Loops until stopped. `ended` is called once when every source of this process has returned."""
        self._epoch_ns = epoch_ns
        feeds: list[tuple[HostedNode, Feed]] = []
        for hosted in self.nodes:
            context = LiveContext(epoch_ns, hosted.stats, self._stop)
            feeds.extend((hosted, getattr(hosted.node, name)(context)) for name in hosted.spec.sources)
        had_feeds = bool(feeds)
        self._pulse.turn()  # what the start has taken says nothing of a turn
        self._pulse.patient = False
        while not self._stop():
            self._pulse.turn()
            self._publisher.update()
            if self._receive(0 if feeds else self._idle_ms()) and self._gather_s and not feeds:
                time.sleep(self._gather_s)
            for hosted, feed in list(feeds):
                try:
                    with self._pulse.call(hosted):
                        message = next(feed)
                except StopIteration:
                    feeds.remove((hosted, feed))
                    continue
                if message is not None:
                    self._publish(hosted, message)
            self._timers()
            if had_feeds and not feeds:
                had_feeds = False
                for hosted in self.nodes:
                    hosted.stats.over = bool(hosted.spec.sources)
                self._report()
                ended()
        for _, feed in feeds:
            if isinstance(feed, Generator):
                feed.close()
        self._drain()

    def _idle_ms(self) -> int:
        due = min(self._next_health, self._next_tick) if self._ticked else self._next_health
        return max(0, min(100, (due - time.monotonic_ns()) // 1_000_000 + 1))

    def _drain(self) -> None:
        """After the stop: handles what is still coming from writers that stopped before."""
        end = time.monotonic_ns() + 300_000_000
        while time.monotonic_ns() < end and self._receive(40):
            pass
        for hosted in self.nodes:
            for topic, message in hosted.order.shed(0):
                hosted.stats.drop(topic, message, "ended")
        for (name, writer), (start, expected) in self._expected.items():  # what was on its way is not processed either
            self._lost(self._readers.get(name, ()), REGISTRY[name], (writer, start), expected, OPEN, "ended")
        self._report()

    def _receive(self, timeout_ms: int) -> bool:
        self._subscriber.poller.poll(timeout_ms)
        self._look()
        arrived = self._subscriber.drain(self._invalid)
        kept, skipped = (arrived, []) if self._complete else newest(arrived)
        for topic, message in arrived:
            self._note_gap(topic, message)
        for topic, message in skipped:
            for hosted in self._readers.get(topic.name, ()):
                hosted.stats.received += 1
                hosted.stats.drop(topic, message, "skipped")
        if self._ordered and len(kept) > 1:  # sockets give in turns: a later frame of one writer before another's
            kept.sort(key=lambda one: order_key(one[0], one[1], self._depth))
        for topic, message in kept:
            self._route(topic, message)
        return bool(arrived)

    def _look(self) -> None:
        """Arrays that no node here looks at need not come."""
        for topic in self._optional:
            self._subscriber.look(topic, any(hosted.node.sees(topic) for hosted in self._readers[topic.name]))

    def _invalid(self, text: str) -> None:
        for hosted in self.nodes:
            hosted.stats.dropped["invalid"] = hosted.stats.dropped.get("invalid", 0) + 1
            hosted.stats.error = text

    def _note_gap(self, topic: Topic[Any], message: Message) -> None:
        """A gap in `seq` within one start is loss in a full queue; before the first message heard, and after the last
        one of a writer that has started anew, nobody knows how much there was."""
        if topic.host and topic not in (HEALTH, COMMAND, MARKER):
            return
        key = (topic.name, writer_of(topic, message))
        start, expected = self._expected.get(key, (-1, 0))
        readers = self._readers.get(topic.name, ())
        if start >= 0 and start != message.incarnation:
            self._lost(readers, topic, (key[1], start), expected, OPEN, "down")
            expected = 0
        if message.seq > expected:
            cause = "overflow" if start == message.incarnation else "down"
            self._lost(readers, topic, (key[1], message.incarnation), expected, message.seq - 1, cause)
        self._expected[key] = (message.incarnation, message.seq + 1)

    def _lost(
        self, readers: Iterable[HostedNode], topic: Topic[Any], line: tuple[str, int], first: int, last: int, cause: str
    ) -> None:
        for hosted in readers:
            hosted.stats.drop_range(topic, line, first, last, cause)

    def _publish(self, hosted: HostedNode | None, message: Message) -> None:
        topic = topic_of(message)
        if hosted is None or not hosted.node.replays:
            message.seq = self._seqs[topic.name] = self._seqs.get(topic.name, -1) + 1
            message.incarnation, message.clock = self.incarnation, self.clock
        message.pub_ns = time.monotonic_ns()
        if hosted is not None:
            hosted.stats.published += 1
        self._publisher.send(topic, message)
        if topic.name in self._readers:
            for name in message.__struct_fields__:
                value = getattr(message, name)
                if isinstance(value, np.ndarray):
                    value.flags.writeable = False
            self._route(topic, message)

    def _route(self, topic: Topic[Any], message: Message) -> None:
        for hosted in self._readers.get(topic.name, ()):
            if isinstance(message, Tick) and hosted.spec.ticked and message.node != hosted.name:
                continue  # another node's tick: only recorders want it
            hosted.stats.received += 1
            if not topic.host:
                self._delays_ns.append(time.monotonic_ns() - message.t_ns - topic.delay_ns)
            due = hosted.order.push(topic, message)
            if due is None:
                hosted.stats.drop(topic, message, "late")
                continue
            for due_topic, due_message in due:
                self._handle(hosted, due_topic, due_message)
            for shed_topic, shed_message in hosted.order.shed(WAITING_LIMIT):
                hosted.stats.drop(shed_topic, shed_message, "overflow")

    def _handle(self, hosted: HostedNode, topic: Topic[Any], message: Message) -> None:
        with self._pulse.call(hosted):
            outputs = messages_of(hosted.handlers[topic.name](message))
            for output in outputs:
                self._publish(hosted, output)
        if isinstance(message, Command) and message.verb in hosted.spec.commands:
            self._next_health = 0  # what it is at now is told at once
        if not topic.host:
            hosted.stats.handled((time.monotonic_ns() - message.t_ns) / 1e6, timed=topic.name in hosted.timed)

    def _timers(self) -> None:
        now = time.monotonic_ns()
        if self._ticked and now >= self._next_tick:
            self._next_tick = now + TICK_NS
            least = LAG_NS if now > self._epoch_ns + START_NS else START_LAG_NS
            lag = min(MAX_LAG_NS, max(least, 2 * max(self._delays_ns)))
            for hosted in self.nodes:
                if hosted.spec.ticked:
                    self._publish(None, Tick(t_ns=max(now - lag, hosted.order.slot_ns), node=hosted.name))
        if now >= self._next_health:
            self._next_health = now + HEALTH_NS
            self._report()

    def _report(self) -> None:
        now = time.monotonic_ns()
        for line in self._logged():
            self._publish(None, line)
        cpu, rss = self._meter.read()
        for hosted in self.nodes:
            for drop in hosted.stats.take_drops(hosted.name, now):
                self._publish(None, drop)
            health = hosted.stats.health(hosted.name, self.process, now)
            health.info.update(hosted.node.info())
            health.status = hosted.node.status()
            health.error, health.notice = health.error or hosted.node.trouble(), hosted.node.notice()
            hosted.tell_trouble(health.error)
            health.cpu_percent, health.rss_mb = cpu, rss
            health.restarts = self.incarnation
            self._publish(None, health)


def host_topics(entries: list[Entry]) -> list[Topic[Any]]:
    """Every topic that a process with these nodes may publish."""
    outputs = [topic for entry in entries for topic in spec_of(entry.node).outputs]
    return [*dict.fromkeys(outputs), TICK, HEALTH, DROP, LOG]
