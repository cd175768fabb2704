"""Writes a session until it is killed: `python session_writer.py FOLDER`; says "begun" once it has.

FOLDER.last holds the time of the last message that was given to the session: what a busy machine kept it from writing
is no loss.
"""

import itertools
import mmap
import sys
import time
from pathlib import Path

from liveaffect.stream.messages import FaceObservation, VideoFrame
from liveaffect.stream.session.context import SessionContext
from liveaffect.stream.session.writer import SessionWriter
from liveaffect.stream.topics import FACE, VIDEO


def main() -> None:
    """About a thousand messages a second, stamped with the monotonic clock."""
    note = Path(f"{sys.argv[1]}.last")
    note.write_bytes(bytes(8))
    with note.open("r+b") as file:
        last = mmap.mmap(file.fileno(), 8)
    session = SessionWriter(sys.argv[1], SessionContext(clock="test"), min_free=0)
    for seq in itertools.count():
        now = time.monotonic_ns()
        header = {"t_ns": now, "pub_ns": now, "seq": seq, "clock": "test"}
        session.write(VIDEO, VideoFrame(**header, frame_index=seq))
        session.write(FACE, FaceObservation(**header, frame_seq=seq))
        last[:] = now.to_bytes(8, "little")
        if seq == 0:
            session.flush()
            print("begun", flush=True)
        time.sleep(0.002)


main()
