"""Live, end to end: latency, frames, CPU and memory of the whole graph, beside a bare decode-and-landmark loop.

    python benchmarks/bench_e2e.py [--seconds 15] [--rounds 2] [--clip FILE] [--rooms]

The loop decodes the same lavfi camera and runs the same landmarker in VIDEO mode, nothing else, and looks for as many
faces as the graph does (the detector then searches every frame for another one); a second loop looks for one face. They
alternate with the graph in the same run, and the ratios to the first are what counts. Inputs: lavfi; HTTP-MJPEG from a
second process; with the virtual microphone where PulseAudio is installed. Prints a table and writes out/bench_e2e.json.
With `--rooms` the inputs are 1280x720 instead, with the virtual microphone as well: one near face, with and without the
detector of far ones; two near; one far; six people (`room_films.py`). A row then also says how often each was measured.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "tests" / "helpers"))

PATIENCE_S = 180
LOOP, ONE = "bare loop", "bare loop, one face"
BARE = """
import json, os, sys, time
for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"):
    os.environ[name] = "http://127.0.0.1:9"
os.environ["NO_PROXY"] = os.environ["no_proxy"] = ""
import av, numpy as np
import mediapipe as mp
from mediapipe.tasks.python import BaseOptions, vision
graph, model, seconds, faces_sought = sys.argv[1], sys.argv[2], float(sys.argv[3]), int(sys.argv[4])
options = vision.FaceLandmarkerOptions(base_options=BaseOptions(model_asset_path=model),
    running_mode=vision.RunningMode.VIDEO, num_faces=faces_sought, output_face_blendshapes=True,
    output_facial_transformation_matrixes=True)
landmarker = vision.FaceLandmarker.create_from_options(options)
took, faces, start, cpu = [], 0, None, None
with av.open(graph, format="lavfi") as container:
    for frame in container.decode(video=0):
        captured = time.monotonic()
        if len(took) == 10:
            start, cpu = captured, time.process_time()
        image = np.ascontiguousarray(frame.to_ndarray(format="rgb24"))
        result = landmarker.detect_for_video(mp.Image(mp.ImageFormat.SRGB, image), int(captured * 1000))
        done = time.monotonic()
        took.append((done - captured) * 1000)
        faces += bool(result.face_landmarks)
        if start is not None and done - start > seconds:
            break
print(json.dumps({"latency_ms": took[10:], "faces": faces, "frames": len(took), "cpu_s": time.process_time() - cpu,
    "wall_s": done - start}))
"""


def lavfi(clip: Path, size: str = "640:480") -> str:
    """A camera of this size at 30 frames/s that shows a clip over and over."""
    return f"movie={clip}:loop=0,setpts=N/FRAME_RATE/TB,fps=30,scale={size},realtime"


def bare(source: str, seconds: float, faces: int) -> dict[str, Any]:
    """The reference: decode and landmark, in a process of its own, looking for so many faces."""
    from liveaffect.models.registry import path

    command = [sys.executable, "-c", BARE, source, str(path("face-landmarker")), str(seconds), str(faces)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout.strip().splitlines()[-1])
    found["cpu_percent"] = 100 * found.pop("cpu_s") / found["wall_s"]
    return found


def graph(overrides: list[str], seconds: float, env: dict[str, str], *, sound: bool) -> dict[str, Any]:
    """The whole graph, recorder and terminal view included, measured from outside by a client."""
    os.environ.update(env)
    from runs.live import LiveRun

    from liveaffect.cli.run import assemble
    from liveaffect.stream.messages import Affect, FaceObservation, Health

    words = list(overrides)
    if not sound:
        words += [f"{name}.enabled=false" for name in ("microphone", "voice", "voice_affect")]
    with tempfile.TemporaryDirectory() as folder:
        begin = time.monotonic()
        run = LiveRun(assemble(None, words, view=False, record=Path(folder) / "session"), None)
        run.start()
        with run.client("affect", "face/observation", "health") as client:
            first: float | None = None
            until, latencies, frames, health = None, [], [], {}
            meters: dict[str, psutil.Process] = {}
            dropped: dict[str, int] = {}
            measured: Counter[int] = Counter()
            spent: dict[str, float] = {}
            while until is None or time.monotonic() < until:
                if until is None and time.monotonic() - begin > PATIENCE_S:
                    run.supervisor.stop()
                    sys.exit(f"{overrides}: no estimate of a frame in {PATIENCE_S} s; the machine is too busy")
                received = client.receive(1.0)
                if received is None:
                    continue
                message = received[1]
                if isinstance(message, Health):
                    health[message.node] = message
                if isinstance(message, FaceObservation) and until is not None:
                    measured.update(face.id for face in message.faces if face.state == "ok")
                if isinstance(message, Affect) and message.frame_seq >= 0 and message.people:
                    first = first or time.monotonic() - begin
                    if until is None and message.frame_seq > 30:
                        until = time.monotonic() + seconds
                        meters = {n: psutil.Process(pid) for n, pid in run.supervisor.pids().items()}
                        spent = {name: cpu(meter) for name, meter in meters.items()}
                        dropped = dict(health.get("face", message_of()).dropped)
                    if until is not None:
                        latencies.append((message.pub_ns - message.t_ns) / 1e6)
                        frames.append(message.frame_seq)
            used = {name: 100 * (cpu(meter) - spent[name]) / seconds for name, meter in meters.items()}
            memory = {name: meter.memory_full_info().pss / 1e6 for name, meter in meters.items()}
        run.supervisor.stop()
        run.join()
    lost = {cause: n - dropped.get(cause, 0) for cause, n in health["face"].dropped.items()}
    return {
        "latency_ms": latencies,
        "frames": len(frames),
        "captured": frames[-1] - frames[0] + 1,
        "rate_hz": len(frames) / seconds,
        "measured_hz": {person: round(n / seconds, 1) for person, n in sorted(measured.items())},
        "dropped": {cause: n for cause, n in lost.items() if n},
        "cpu_percent": used,
        "pss_mb": memory,
        "first_estimate_s": first,
    }


def message_of() -> Any:
    """A health message that says nothing yet."""
    from liveaffect.stream.messages import Health

    return Health(t_ns=0, node="face", process="face", state="ok")


def cpu(process: psutil.Process) -> float:
    """CPU seconds a process has used."""
    times = process.cpu_times()
    return times.user + times.system


def quantile(values: list[float], q: float) -> float:
    """The q-quantile."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(q * len(ranked)))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seconds", type=float, default=15.0, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--clip", type=Path, help="a clip with one face; without one, the demo's")
    parser.add_argument("--rooms", action="store_true", help="near, far and six faces in 1280x720")
    options = parser.parse_args()
    from devices.mjpeg_server import MjpegServer
    from devices.virtual_microphone import VirtualMicrophone, missing_programs

    from liveaffect.cli.demo_media.clip import clip as demo_clip
    from liveaffect.nodes.face import FaceNode

    film, size = (options.clip or demo_clip()).resolve(), "1280:720" if options.rooms else "640:480"
    loops = {LOOP: FaceNode().max_faces, ONE: 1}
    results: dict[str, list[dict[str, Any]]] = {}
    with ExitStack() as stack:
        kinds: dict[str, tuple[list[str], dict[str, str], bool]] = {}
        looped_film = lavfi(film, size)
        if options.rooms:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            kinds = rooms(folder)
            looped_film = lavfi(folder / "one-near.mp4", size)
        else:
            server = stack.enter_context(MjpegServer(film))
            kinds = {
                "lavfi": ([f"camera.source=lavfi:{looped_film}"], {}, False),
                "mjpeg": ([f"camera.source={server.url}"], {}, False),
            }
        if not missing_programs():
            microphone = stack.enter_context(VirtualMicrophone())
            settings = {
                name: value for name, value in microphone.settings.items() if name != "HOME"
            }  # models lie there
            heard = kinds if options.rooms else {"lavfi + microphone": kinds["lavfi"]}
            kinds |= {
                name: ([*words, "microphone.source=pulse"], settings, True) for name, (words, *_) in heard.items()
            }
            wav = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "speech.wav"
            subprocess.run([sys.executable, "-c", TO_WAV, str(film), str(wav)], check=True)
            looped = f"while true; do paplay --latency-msec=20 {wav}; done"
            player = subprocess.Popen(["sh", "-c", looped], env=microphone.env, start_new_session=True)
            stack.callback(lambda: os.killpg(player.pid, 15))
        for turn in range(options.rounds):
            for name, faces in loops.items():
                print(f"round {turn + 1} of {options.rounds}: {name}", file=sys.stderr, flush=True)
                results.setdefault(name, []).append(bare(looped_film, options.seconds, faces))
            for name, (words, env, sound) in kinds.items():
                print(f"round {turn + 1} of {options.rounds}: {name}", file=sys.stderr, flush=True)
                results.setdefault(name, []).append(graph(words, options.seconds, env, sound=sound))
    report(results)


def rooms(folder: Path) -> dict[str, tuple[list[str], dict[str, str], bool]]:
    """Makes the films of the rooms, and the graphs that look at them."""
    import room_films

    kinds: dict[str, tuple[list[str], dict[str, str], bool]] = {}
    for room in room_films.ROOMS:
        film = folder / f"{room.replace(' ', '-')}.mp4"
        room_films.write(film, room)
        source = f"camera.source=lavfi:{lavfi(film, '1280:720')}"
        if room == "one near":
            kinds[f"{room}, no far"] = ([source, "face.far=false"], {}, False)
        kinds[room] = ([source], {}, False)
    return kinds


TO_WAV = """
import sys, wave, av, numpy as np
resampler = av.AudioResampler(format="s16", layout="mono", rate=16000)
with av.open(sys.argv[1]) as film, wave.open(sys.argv[2], "wb") as out:
    out.setnchannels(1), out.setsampwidth(2), out.setframerate(16000)
    for frame in film.decode(audio=0):
        for piece in resampler.resample(frame):
            out.writeframes(piece.to_ndarray().tobytes())
"""


def report(results: dict[str, list[dict[str, Any]]]) -> None:
    """The table on stdout and out/bench_e2e.json."""
    p50, p99 = (quantile([x for run in results[LOOP] for x in run["latency_ms"]], q) for q in (0.5, 0.99))
    print(
        f"{'':20} {'p50 ms':>8} {'p99 ms':>8} {'p50 ratio':>10} {'p99 ratio':>10} {'frames/s':>9} {'CPU %':>7} "
        f"{'PSS MB':>7}"
    )
    summary: dict[str, Any] = {}
    for name in (LOOP, ONE):
        latencies = [x for run in results[name] for x in run["latency_ms"]]
        row = {"p50_ms": quantile(latencies, 0.5), "p99_ms": quantile(latencies, 0.99)}
        row |= {"p50_ratio": row["p50_ms"] / p50, "p99_ratio": row["p99_ms"] / p99}
        row["cpu_percent"] = statistics.mean(run["cpu_percent"] for run in results[name])
        summary[name] = row
        print(
            f"{name:20} {row['p50_ms']:8.1f} {row['p99_ms']:8.1f} {row['p50_ratio']:10.2f} {row['p99_ratio']:10.2f} "
            f"{'':9} {row['cpu_percent']:7.1f}"
        )
    for name, runs in results.items():
        if name in (LOOP, ONE):
            continue
        latencies = [x for run in runs for x in run["latency_ms"]]
        row = {
            "p50_ms": quantile(latencies, 0.5),
            "p99_ms": quantile(latencies, 0.99),
            "p50_ratio": quantile(latencies, 0.5) / p50,
            "p99_ratio": quantile(latencies, 0.99) / p99,
            "rate_hz": statistics.mean(run["rate_hz"] for run in runs),
            "cpu_percent": statistics.mean(sum(run["cpu_percent"].values()) for run in runs),
            "pss_mb": max(sum(run["pss_mb"].values()) for run in runs),
            "first_estimate_s": max(run["first_estimate_s"] for run in runs),
            "frames": sum(run["frames"] for run in runs),
            "captured": sum(run["captured"] for run in runs),
            "runs": [{key: run[key] for key in run if key != "latency_ms"} for run in runs],
        }
        summary[name] = row
        print(
            f"{name:20} {row['p50_ms']:8.1f} {row['p99_ms']:8.1f} {row['p50_ratio']:10.2f} {row['p99_ratio']:10.2f} "
            f"{row['rate_hz']:9.1f} {row['cpu_percent']:7.1f} {row['pss_mb']:7.0f}"
        )
        last = runs[-1]
        for process, percent in last["cpu_percent"].items():
            print(f"{'':4}{process:16} {'':38} {'':9} {percent:7.1f} {last['pss_mb'][process]:7.0f}")
        print(
            f"    {row['frames']} of {row['captured']} captured frames answered, dropped: {last['dropped'] or 0}; "
            f"first estimate {row['first_estimate_s']:.1f} s after the start; "
            f"measurements a second of each: {', '.join(str(n) for n in last['measured_hz'].values())}"
        )
    out = ROOT / "out"
    out.mkdir(exist_ok=True)
    (out / "bench_e2e.json").write_text(json.dumps(summary, indent=1), "utf-8")


if __name__ == "__main__":
    main()
