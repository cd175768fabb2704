"""Another program in the lab, in a process of its own: records every stream of a sensor to XDF, and sets markers.

    python lsl_recorder.py PREFIX STREAMS OUT.xdf [MARKERS]

It knows LSL and the XDF specification, and nothing of the sensor. Once it reads as many streams as expected it says
"ready". Words on standard input: "mark LABEL" sets a marker in its own stream MARKERS and says when; "odd" sets
some that no program should; "stop" ends it.
"""

import queue
import struct
import sys
import threading
import time
from pathlib import Path
from typing import Any, BinaryIO

import pylsl

OFFSET_S = 2.0
LAST_LOOKS = 10
"""After "stop": what was under way still comes."""


class Writer:
    """An XDF file: https://github.com/sccn/xdf/wiki/Specifications."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        file.write(b"XDF:")
        self.chunk(1, b"<?xml version='1.0'?><info><version>1.0</version></info>")

    def chunk(self, tag: int, content: bytes) -> None:
        self._file.write(b"\x08" + struct.pack("<Q", len(content) + 2) + struct.pack("<H", tag) + content)

    def samples(self, number: int, stamps: list[float], rows: list[list[Any]], form: str) -> None:
        body = bytearray(struct.pack("<I", number) + b"\x04" + struct.pack("<I", len(stamps)))
        for stamp, row in zip(stamps, rows, strict=True):
            body += struct.pack("<Bd", 8, stamp)
            for value in row:
                if form == "string":
                    word = value.encode("utf-8")
                    body += b"\x04" + struct.pack("<I", len(word)) + word
                else:
                    body += struct.pack("<f", value)
        self.chunk(3, bytes(body))


class Reader:
    """One stream that is recorded."""

    def __init__(self, number: int, info: Any, writer: Writer) -> None:
        self.number, self._writer = number, writer
        self._inlet = pylsl.StreamInlet(info, max_buflen=3600)
        self._inlet.open_stream(60.0)
        whole = self._inlet.info(60.0)
        self._form = "string" if whole.channel_format() == pylsl.cf_string else "float32"
        self.name, self.count, self._next = whole.name(), 0, 0.0
        self._first, self._last = 0.0, 0.0
        writer.chunk(2, struct.pack("<I", number) + whole.as_xml().encode("utf-8"))
        self.offset()

    def offset(self) -> None:
        now = pylsl.local_clock()
        if now >= self._next:
            self._next = now + OFFSET_S
            correction = self._inlet.time_correction(60.0)
            self._writer.chunk(4, struct.pack("<Idd", self.number, pylsl.local_clock(), correction))

    def read(self) -> int:
        rows, stamps = self._inlet.pull_chunk(timeout=0.0, max_samples=1024)
        if stamps:
            self._first, self._last = self._first or stamps[0], stamps[-1]
            self._writer.samples(self.number, list(stamps), list(rows or ()), self._form)
            self.count += len(stamps)
        return len(stamps)

    def end(self) -> None:
        said = f"<?xml version='1.0'?><info><first_timestamp>{self._first!r}</first_timestamp><last_timestamp>"
        said += f"{self._last!r}</last_timestamp><sample_count>{self.count}</sample_count></info>"
        self._writer.chunk(6, struct.pack("<I", self.number) + said.encode("ascii"))


def listen(words: "queue.Queue[str]") -> None:
    for line in sys.stdin:
        words.put(line.strip())
    words.put("stop")


def say(line: str) -> None:
    print(line, flush=True)


def main(prefix: str, streams: int, out: str, markers: str = "") -> None:
    words: queue.Queue[str] = queue.Queue()
    threading.Thread(target=listen, args=(words,), daemon=True).start()
    info = pylsl.StreamInfo(markers, "Markers", 1, 0, pylsl.cf_string, f"{markers}-source") if markers else None
    outlet = pylsl.StreamOutlet(info) if info is not None else None
    found = pylsl.resolve_bypred(f"starts-with(name,'{prefix}-')", minimum=streams, timeout=120.0)
    with Path(out).open("wb") as file:
        writer = Writer(file)
        readers = [Reader(number, info, writer) for number, info in enumerate(found, 1)]
        if outlet is not None:
            outlet.wait_for_consumers(120.0)
        say(f"ready {' '.join(sorted(reader.name for reader in readers))}")
        word = ""
        while word != "stop":
            for reader in readers:
                reader.read()
                reader.offset()
            try:
                word = words.get(timeout=0.01)
            except queue.Empty:
                continue
            if word.startswith("mark ") and outlet is not None:
                at = pylsl.local_clock()
                outlet.push_sample([word[5:]], at)
                say(f"marked {at!r}")
            elif word == "odd" and outlet is not None:
                for stamp in (float("nan"), float("inf"), 1e300, -1e18, 9e9, 1.0):
                    outlet.push_sample(["at no time"], stamp)
                for label in ("", "x" * 5000, "a\nb\x00c"):
                    outlet.push_sample([label], pylsl.local_clock())
            elif word == "counts":
                say(f"counts {' '.join(f'{reader.name}={reader.count}' for reader in readers)}")
        for _ in range(LAST_LOOKS):  # a sensor that goes on never leaves nothing to read
            if not sum(reader.read() for reader in readers):
                break
            time.sleep(0.05)
        for reader in readers:
            reader.end()
    say("done")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3], *sys.argv[4:5])
