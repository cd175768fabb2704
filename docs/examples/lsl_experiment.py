"""An experiment that tells the sensor what it shows, and reads what the sensor measures, over LSL.

    python lsl_experiment.py [--trials 4] [--seconds 2.0] [--sensor liveaffect] [--plain]

It runs with PsychoPy (pip install psychopy), which draws in a window of its own, and without, where words in the
terminal take the place of pictures. Each onset and offset is a marker at the time of the picture, in the words by which
`liveaffect compare SESSIONS --by marker` knows where a condition begins and ends. What the sensor marks, and the
affect of the first person, come back and are printed.
"""

import argparse
import time
from collections.abc import Callable

import pylsl

SHOWN = ("pleasant", "neutral", "unpleasant")


def screen(plain: bool) -> Callable[[str, Callable[[], None]], None]:
    """A function that shows a word and calls another at the very moment: at the screen's next refresh in PsychoPy."""
    try:
        if plain:
            raise ImportError
        from psychopy import visual
    except ImportError:

        def show(word: str, at_onset: Callable[[], None]) -> None:
            at_onset()
            print(word or "(blank)", flush=True)

        return show
    window = visual.Window(fullscr=False, size=(1024, 768), color="black")
    text = visual.TextStim(window, height=0.2)

    def draw(word: str, at_onset: Callable[[], None]) -> None:
        text.text = word
        text.draw()
        window.callOnFlip(at_onset)
        window.flip()

    return draw


def main(trials: int, seconds: float, sensor: str, plain: bool) -> None:
    """Shows words, one after the other, and says what came back."""
    info = pylsl.StreamInfo("experiment", "Markers", 1, pylsl.IRREGULAR_RATE, pylsl.cf_string, f"experiment-{sensor}")
    markers = pylsl.StreamOutlet(info)
    found = pylsl.resolve_bypred(f"name='{sensor}-affect-1' or name='{sensor}-markers'", minimum=2, timeout=20.0)
    if len(found) < 2:
        raise SystemExit(f"no streams of '{sensor}': start `liveaffect run --lsl` first")
    # time stamps of another machine are put on this one's clock
    inlets = {one.name(): pylsl.StreamInlet(one, processing_flags=pylsl.proc_clocksync) for one in found}
    affect, back = inlets[f"{sensor}-affect-1"], inlets[f"{sensor}-markers"]
    for inlet in inlets.values():
        inlet.open_stream(timeout=10.0)
    if not markers.wait_for_consumers(20.0):
        print("nobody takes the markers: the sensor's setting lsl.markers leaves this stream out", flush=True)
    if affect.pull_sample(timeout=60.0)[0] is None:
        raise SystemExit(f"{sensor} is there, but measures nothing: does its camera give pictures?")
    show = screen(plain)
    for trial in range(trials):
        word = SHOWN[trial % len(SHOWN)]
        affect.pull_chunk()  # what was measured before does not belong to this trial
        show(word, lambda word=word: markers.push_sample([f"{word} onset"], pylsl.local_clock()))
        time.sleep(seconds)
        show("", lambda word=word: markers.push_sample([f"{word} offset"], pylsl.local_clock()))
        rows, _ = affect.pull_chunk()
        valence = [row[1] for row in rows if row[1] == row[1]]  # NaN: no face, no number
        mean = f"{sum(valence) / len(valence):+.2f}" if valence else "none"
        print(f"trial {trial} {word}: valence {mean} over {len(valence)} of {len(rows)} frames", flush=True)
        labels, times = back.pull_chunk()
        for (label,), at in zip(labels, times, strict=True):
            print(f"the sensor marked '{label}' {pylsl.local_clock() - at:.3f} s ago", flush=True)
    time.sleep(1.0)  # LSL sends in the background: a program that ends at once takes its last marker with it


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description="Words on the screen, markers both ways.")
    asked.add_argument("--trials", type=int, default=4)
    asked.add_argument("--seconds", type=float, default=2.0)
    asked.add_argument("--sensor", default="liveaffect", help="the sensor's setting lsl.streams")
    asked.add_argument("--plain", action="store_true", help="without PsychoPy, even where it is installed")
    main(**vars(asked.parse_args()))
