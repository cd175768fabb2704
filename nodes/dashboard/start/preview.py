"""A live look at a device before the sensor starts: the source of a real capture node in a thread. No Qt here."""

import contextlib
import threading
import time
from collections.abc import Callable
from typing import Any

from liveaffect.stream.errors import LiveAffectError
from liveaffect.stream.messages import Message
from liveaffect.stream.node import HostInfo, Node, bind, spec_of
from liveaffect.stream.topics import Topic

Make = Callable[[], Node]


class PreviewContext:
    """The SourceContext of one look at one device."""

    live = True

    def __init__(self) -> None:
        self.epoch_ns = time.monotonic_ns()
        self.stop = threading.Event()
        self.facts: dict[str, Any] = {}
        """What the device gave: size, rate, name."""
        self.error = ""
        """Why nothing comes, in words; "" while something does."""
        self.failed = False
        """True where the source has ended for good: the sensor could not start with it."""

    def now_ns(self) -> int:
        return time.monotonic_ns()

    def stopping(self) -> bool:
        return self.stop.is_set()

    def dropped(self, topic: Topic[Any], count: int, cause: str) -> None:
        """A preview may lose what it likes."""

    def report(self, **info: Any) -> None:
        self.error = info.pop("error", self.error)
        self.facts.update(info)


class Preview:
    """Runs one source at a time; a new choice ends the one before, whose device is closed first.

    Parameters
    ----------
    name: of the thread.
    keep: called in the thread with every message.
    """

    def __init__(self, name: str, keep: Callable[[Message], None]) -> None:
        self._keep = keep
        self._wanted: Make | None = None
        self._change = threading.Condition()
        self._context = PreviewContext()
        self._round = 0
        """Counts choices; `_done` is the last one that was carried out."""
        self._done = 0
        self._closed = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def show(self, make: Make | None) -> None:
        """Switches to the node that `make` gives, or to nothing; returns at once."""
        with self._change:
            self._wanted = make
            self._round += 1
            self._context.stop.set()
            self._context = PreviewContext()
            self._change.notify_all()

    @property
    def error(self) -> str:
        """Why nothing comes from what is shown now, in words; "" where nothing is wrong."""
        return self._context.error

    @property
    def failed(self) -> bool:
        """True where the sensor could not start with this; otherwise a device is tried again until it is there."""
        return self._context.failed

    @property
    def facts(self) -> dict[str, Any]:
        """What is known of the device shown now."""
        return dict(self._context.facts)

    @property
    def switching(self) -> bool:
        """True while the device before is still being closed."""
        return self._done != self._round

    def end(self) -> None:
        """Begins to close; returns at once."""
        with self._change:
            self._closed = True
            self._context.stop.set()
            self._change.notify_all()

    def close(self, wait_s: float = 3.0) -> bool:
        """Ends the thread and closes the device; False where a driver hangs (the thread is left behind)."""
        self.end()
        self._thread.join(wait_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while True:
            with self._change:
                while self._done == self._round and not self._closed:
                    self._change.wait()
                if self._closed:
                    return
                self._done, make, context = self._round, self._wanted, self._context
            if make is not None:
                self._look(make, context)

    def _hand_over(self, message: Message, context: PreviewContext) -> None:
        with self._change:
            if context is self._context:  # what the device before still says is not shown as the new one's
                self._keep(message)

    def _look(self, make: Make, context: PreviewContext) -> None:
        node: Node | None = None
        try:
            node = make()
            bind(node, HostInfo(name="preview", live=True))
            node.open()
            for source in spec_of(node).sources:
                with contextlib.closing(getattr(node, source)(context)) as feed:
                    for message in feed:
                        if context.stopping():
                            break
                        if message is not None:
                            self._hand_over(message, context)
        except LiveAffectError as error:
            context.error, context.failed = str(error), True
        except Exception as error:  # whatever a driver makes of it: the window must stay up
            context.error, context.failed = f"{type(error).__name__}: {error}", True
        finally:
            if node is not None:
                node.close()
