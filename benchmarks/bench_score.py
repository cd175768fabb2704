"""Offline speed: the whole of `liveaffect score` beside a bare MediaPipe loop over the same frames, on one core.

    python benchmarks/bench_score.py [--minutes 2] [--rounds 3] [--clip FILE] [--beside face.far=false ...]

The loop decodes the film and calls the same landmarker for as many faces as scoring does (`face.max_faces`; for one it
is cheaper: `--faces 1`). Scoring runs face, voice, both models and fusion on the lockstep host and writes the table, in
one process, as a worker of `score --jobs` does. Both alternate on one core; then two of each run at once on two cores.
A clock starts once everything is imported and stops when the table is written; loading the models counts. `--beside`
scores with these settings too, in the same rounds, and says how much more the scoring without them costs. Prints a
table and writes out/bench_score.json. On a machine with other work, CPU time tells more than wall time.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "tests" / "helpers"))
from made.media import repeat_clip  # noqa: E402

BUDGET = 1.6
MORE = 1.1
"""What a part of the graph may add to the scoring of a film with one near face, as `--beside` measures it."""
SCALING = 0.9
BESIDE = "score beside"

COMMON = """
import json, os, sys, time
for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
    os.environ[name] = "http://127.0.0.1:9"
os.environ["NO_PROXY"] = os.environ["no_proxy"] = ""
import psutil
clip, cores, out, faces = sys.argv[1], json.loads(sys.argv[2]), sys.argv[3], int(sys.argv[4])
if hasattr(psutil.Process, "cpu_affinity"):
    psutil.Process().cpu_affinity(cores)

def begin():
    print("ready", flush=True)
    sys.stdin.readline()
    return time.monotonic(), time.process_time()

def end(begun, frames, found):
    wall, cpu = time.monotonic() - begun[0], time.process_time() - begun[1]
    try:  # the peak of this program alone; getrusage's is handed on by whoever started it
        status = open("/proc/self/status").read()
        peak = int(status.split("VmHWM:")[1].split()[0]) / 1024
    except OSError:
        import resource
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(json.dumps({"wall_s": wall, "cpu_s": cpu, "frames": frames, "faces": found, "peak_mib": peak}), flush=True)
"""

BARE = """
import av, numpy as np
import mediapipe as mp
from mediapipe.tasks.python import BaseOptions, vision
from liveaffect.models.registry import path
begun = begin()
options = vision.FaceLandmarkerOptions(base_options=BaseOptions(model_asset_path=str(path("face-landmarker"))),
    running_mode=vision.RunningMode.VIDEO, num_faces=faces, output_face_blendshapes=True,
    output_facial_transformation_matrixes=True)
frames = found = 0
with vision.FaceLandmarker.create_from_options(options) as landmarker, av.open(clip) as container:
    for frame in container.decode(video=0):
        image = np.ascontiguousarray(frame.to_ndarray(format="rgb24"))
        result = landmarker.detect_for_video(mp.Image(mp.ImageFormat.SRGB, image), int(frame.time * 1000))
        frames += 1
        found += bool(result.face_landmarks)
    end(begun, frames, found)
"""

SCORE = """
from pathlib import Path
from liveaffect.nodes.face.privacy import close_door
close_door()
import mediapipe, onnxruntime, liveaffect.nodes.face, liveaffect.nodes.voice
from liveaffect.offline.scoring.pipeline import FileRun, ScoreSettings
begun = begin()
written = FileRun(Path(clip), "clip", ScoreSettings(overrides=tuple(sys.argv[5:]))).write(Path(out))
end(begun, written.rows, written.seen)
"""


def run(
    kind: str, clip: Path, cores: list[list[int]], faces: int, settings: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """Runs as many of a kind at once as `cores` has entries, all begun together, and gives what each measured."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile("w+") as errors:
        started: list[subprocess.Popen[str]] = []
        for number, mine in enumerate(cores):
            script = COMMON + (BARE if kind == "bare" else SCORE)
            words = [str(clip), json.dumps(mine), str(Path(folder) / f"{number}.parquet"), str(faces), *settings]
            command = [sys.executable, "-c", script, *words]
            pipe = subprocess.PIPE
            started.append(subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=errors, text=True))
        try:
            for process in started:
                assert process.stdout is not None
                if process.stdout.readline() != "ready\n":
                    sys.exit(f"the {kind} run did not start")
            for process in started:
                assert process.stdin is not None
                process.stdin.write("go\n")
                process.stdin.flush()
            found: list[dict[str, Any]] = []
            for process in started:
                assert process.stdout is not None
                lines = process.stdout.read().splitlines()
                if process.wait() != 0 or not lines:
                    errors.seek(0)
                    sys.exit(f"the {kind} run failed with code {process.returncode}: {errors.read()[-2000:]}")
                found.append(json.loads(lines[-1]))
            return found
        finally:
            for process in started:
                process.kill()
                process.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--minutes", type=float, default=2.0, help="of film in each run")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--faces", type=int, default=2, help="how many faces the bare loop looks for")
    parser.add_argument("--clip", type=Path, help="a clip with face and voice; without one, the demo's")
    parser.add_argument("--beside", nargs="+", default=[], metavar="SETTING", help="scored with these settings as well")
    options = parser.parse_args()
    from liveaffect.cli.demo_media.clip import clip as demo_clip
    from liveaffect.stream.capture.media import probe

    me = psutil.Process()
    pinned = hasattr(me, "cpu_affinity")
    cores = list(me.cpu_affinity()) if pinned else list(range(os.cpu_count() or 1))  # type: ignore[attr-defined]
    film = (options.clip or demo_clip()).resolve()
    one, two = [], []
    with tempfile.TemporaryDirectory() as folder:
        long = Path(folder) / "long.mkv"
        repeat_clip(film, options.minutes * 60, long)
        length_s = probe(long).duration_s or 0.0
        for turn in range(options.rounds):
            for kind in ("bare", "score") if turn % 2 == 0 else ("score", "bare"):
                print(f"round {turn + 1} of {options.rounds}: {kind}", file=sys.stderr, flush=True)
                one.append((turn, kind, run(kind, long, [cores[-1:]], options.faces)))
                if kind == "score" and options.beside:
                    one.append((turn, BESIDE, run(kind, long, [cores[-1:]], options.faces, options.beside)))
                if len(cores) > 1:
                    two.append((turn, kind, run(kind, long, [cores[-2:]] * 2, options.faces)))
    report(one, two, length_s, options.beside, pinned=pinned)


def report(one: list[Any], two: list[Any], length_s: float, beside: list[str], *, pinned: bool) -> None:
    """The table on stdout and out/bench_score.json."""

    def column(rows: list[Any], kind: str, key: str) -> list[float]:
        return [max(part[key] for part in parts) for _, name, parts in rows if name == kind]

    def ratios(key: str, to: str = "bare") -> list[float]:
        by_turn = {(turn, kind): parts[0][key] for turn, kind, parts in one}
        return [by_turn[turn, "score"] / by_turn[turn, to] for turn in sorted({turn for turn, _ in by_turn})]

    result: dict[str, Any] = {"film_s": length_s, "one_core": pinned, "rounds": len({turn for turn, *_ in one})}
    print(f"{length_s:.0f} s of film, {'pinned' if pinned else 'NOT pinned: no affinity here'}, medians of rounds")
    print(f"{'':30} {'wall s':>8} {'CPU s':>8} {'frames/s':>9} {'real time':>10} {'peak MiB':>9}")
    for title, rows in (("one core", one), ("two at once, two cores", two)):
        for kind in ("bare", "score") if rows else ():
            wall, cpu = (statistics.median(column(rows, kind, key)) for key in ("wall_s", "cpu_s"))
            frames = sum(part["frames"] for part in next(parts for _, name, parts in rows if name == kind))
            many = len(rows[0][2])
            peak = max(column(rows, kind, "peak_mib"))
            name = f"{title}: {kind}"
            row = {"wall_s": wall, "cpu_s": cpu, "frames_per_s": frames / wall, "real_time": many * length_s / wall}
            result[name] = {**row, "peak_mib": peak}
            print(f"{name:30} {wall:8.1f} {cpu:8.1f} {frames / wall:9.1f} {row['real_time']:9.2f}x {peak:9.0f}")
    for key, name in (("wall_s", "wall"), ("cpu_s", "CPU")):
        each = ratios(key)
        least = min(column(one, "score", key)) / min(column(one, "bare", key))
        result[f"ratio_{name.lower()}"] = {"median": statistics.median(each), "least": least, "rounds": each}
        told = f"rounds {', '.join(f'{value:.2f}' for value in each)}; least against least {least:.2f}"
        print(f"ratio by {name} time: {statistics.median(each):.2f} ({told}); budget {BUDGET}")
    if beside:
        each = ratios("cpu_s", BESIDE)
        result["beside"] = {"settings": beside, "median": statistics.median(each), "rounds": each}
        print(f"CPU time against {' '.join(beside)}: {statistics.median(each):.2f} times; wanted {MORE} or less")
    for key, name in (("wall_s", "wall"), ("cpu_s", "CPU")) if two else ():
        gain = {
            kind: 2 * statistics.median(column(one, kind, key)) / statistics.median(column(two, kind, key))
            for kind in ("bare", "score")
        }
        result[f"scaling_{name.lower()}"] = {**gain, "ratio": gain["score"] / gain["bare"]}
        print(
            f"two at once by {name} time: bare {gain['bare']:.2f} times as fast as one, score {gain['score']:.2f}; "
            f"ratio {gain['score'] / gain['bare']:.2f}, wanted {SCALING} or more"
        )
    result["runs"] = {"one": one, "two": two}
    out = ROOT / "out"
    out.mkdir(exist_ok=True)
    (out / "bench_score.json").write_text(json.dumps(result, indent=1), "utf-8")


if __name__ == "__main__":
    main()
