"""Writes a session until it is killed: `python session_writer.py FOLDER`; says "begun" once it has."""

import itertools
import sys
import time

from liveaffect.stream.messages import FaceObservation, VideoFrame
from liveaffect.stream.session.context import SessionContext
from liveaffect.stream.session.writer import SessionWriter
from liveaffect.stream.topics import FACE, VIDEO


def main() -> None:
    """About a thousand messages a second, stamped with the monotonic clock."""
    session = SessionWriter(sys.argv[1], SessionContext(clock="test"), min_free=0)
    for seq in itertools.count():
        now = time.monotonic_ns()
        header = {"t_ns": now, "pub_ns": now, "seq": seq, "clock": "test"}
        session.write(VIDEO, VideoFrame(**header, frame_index=seq))
        session.write(FACE, FaceObservation(**header, frame_seq=seq))
        if seq == 0:
            session.flush()
            print("begun", flush=True)
        time.sleep(0.002)


main()
