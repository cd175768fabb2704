"""Runs a camera on a device file through states and prints what came out as JSON; for use with fake_v4l2.c preloaded.

LD_PRELOAD=fake.so python camera_story.py /dev/shm/fakevideo stall run gone run

LD_PRELOAD=fake.so python camera_story.py /dev/shm/fakevideo late: unplugs it while pictures wait, and looks at them
once the device has been closed.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

from runs.running_source import LiveContext, RunningSource

from liveaffect.nodes.camera import CameraNode


def main(device: Path, states: list[str]) -> None:
    """Per state: how many notices there were before the first frame, its gap, steps and ages of ten frames (ms)."""
    camera = CameraNode(source=str(device), stall_s=0.5)
    camera.open()
    story: list[dict[str, Any]] = []
    with RunningSource(camera.frames) as run:
        for state in states:
            start = len(run.messages)
            device.write_text(state)
            if state != "run":
                run.wait_for(lambda m: m.state == "no_device", after=start)
                story.append({"state": "no_device", "error": run.context.info["error"]})
                continue
            first = run.wait_for(lambda m: m.state == "ok", after=start)
            run.wait(lambda first=first: len(run.messages) >= first + 10)
            ten = run.messages[first : first + 10]
            ages = [(seen - m.t_ns) / 1e6 for seen, m in zip(run.seen_ns[first:], ten, strict=False)]
            steps = [(b.t_ns - a.t_ns) / 1e6 for a, b in zip(ten, ten[1:], strict=False)]  # noqa: RUF007
            story.append(
                {"state": "ok", "gap": ten[0].gap, "ages": ages, "steps": steps, "info": run.context.info | {}}
            )
    print(json.dumps(story))


def late(device: Path) -> None:
    """Prints the sums of the pictures that were taken before the device went and are looked at after it."""
    camera, context = CameraNode(source=str(device), stall_s=0.5), LiveContext()
    camera.open()
    frames: Any = camera.frames(context)
    sums: list[int] = []
    while not sums:  # again where none was waiting yet
        device.write_text("run")
        while not (first := next(frames)) or first.state != "ok":
            pass
        time.sleep(0.2)
        device.write_text("gone")
        while any(number.resolve() == device for number in Path("/proc/self/fd").iterdir()):
            time.sleep(0.005)
        while not (message := next(frames)) or message.state == "ok":
            if message:
                sums.append(int(message.image.sum()))
    frames.close()
    print(json.dumps(sums))


if __name__ == "__main__":
    if sys.argv[2:] == ["late"]:
        late(Path(sys.argv[1]))
    else:
        main(Path(sys.argv[1]), sys.argv[2:])
