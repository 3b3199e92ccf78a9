"""`followspot-sim demo`: one lesson with the whole product in real time, judged at the end."""

import argparse
import contextlib
import json
import math
import shutil
import signal
import threading
import time
from pathlib import Path
from types import FrameType

from followspot_sim.errors import SimulatorError
from followspot_sim.index import DataFolder
from followspot_sim.judge.pictures import bearing_plot, contact_sheet
from followspot_sim.judge.report import write_report
from followspot_sim.judge.scorecard import Scored, failures, read_lines, score
from followspot_sim.stage import Message, Stage, StageOptions

CLAP_EVERY_S = 4
"""Often enough for a median over a short lesson."""
START_TIMEOUT_S = 20.0
FINISH_TIMEOUT_S = 20.0
INTERRUPTED = 130
"""The exit code of a program ended by Ctrl-C, as shells give it."""
OUTPUTS = ("media", "work", "events.jsonl", "scorecard.json", "contact-sheet.png", "bearing.png", "index.html")
MARK = ".followspot-demo"
"""A folder with this file in it was filled by a demo and may be cleared by the next."""
INTERRUPTIONS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
SEGMENT_S = 9.0
"""Several segments in a short lesson, and no lesson of round length ends in a segment of one frame."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `followspot-sim demo`."""
    parser.add_argument(
        "--out", type=Path, default=Path("build/demo"), help="where everything goes (default %(default)s)"
    )
    parser.add_argument("--seconds", type=_seconds, default=40.0, help="length of the lesson (default %(default)g)")
    parser.add_argument("--data", type=Path, help="folder with an index.json: real rooms, people, walks and speech")
    parser.add_argument("--scenario", help="a scenario by name or file (default: lesson, or recorded with --data)")
    parser.add_argument("--seed", type=int, default=1, help="of noise, walk and person (default %(default)s)")
    parser.add_argument("--fiducial", action="store_true", help="paint a magenta disc on the teacher's head")


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not math.isfinite(seconds) or not 3 <= seconds <= 24 * 3600:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds from 3 to 86400")
    return seconds


def run(arguments: argparse.Namespace) -> int:
    """Run the demo; 0 only if the lesson is complete, every announced file is right and the floor is met.

    1 says what is not good, 2 that the options must be mended, 130 that it was interrupted.
    """
    out: Path = arguments.out.resolve()
    _claim(out)
    for number in INTERRUPTIONS:
        signal.signal(number, _interrupt)
    stage: Stage | None = None
    try:
        stage = Stage(_options(arguments, out))
        return _play(stage, arguments, out)
    except KeyboardInterrupt:
        _say("interrupted: closing the lesson")
        return INTERRUPTED
    except RuntimeError as error:
        _say(f"failed: {error}")
        return 1
    finally:
        # From here on a second Ctrl-C would only leave processes behind.
        for number in INTERRUPTIONS:
            signal.signal(number, signal.SIG_IGN)
        if stage is not None:
            stage.close()


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _claim(out: Path) -> None:
    """Clear the outputs of an earlier demo; what somebody else put under their names is never touched."""
    mark = out / MARK
    try:
        out.mkdir(parents=True, exist_ok=True)
        present = [name for name in OUTPUTS if (out / name).exists()]
        if present and not mark.exists():
            raise SimulatorError(
                f"{out} has a {present[0]} that no demo made: name another folder with --out (DEMO_OUT)"
            )
        mark.touch()
        for path in (out / name for name in present):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
    except OSError as error:
        raise SimulatorError(f"{out} cannot be written: {error.strerror}: name another folder with --out") from error


def _options(arguments: argparse.Namespace, out: Path) -> StageOptions:
    simulator = ["--clap-every", str(CLAP_EVERY_S), "--seed", str(arguments.seed)]
    if arguments.data:
        DataFolder(arguments.data)  # says what is wrong with it before anything is started
        simulator += ["--data", str(arguments.data.resolve())]
    if arguments.scenario:
        simulator += ["--scenario", arguments.scenario]
    if arguments.fiducial:
        simulator.append("--fiducial")
    return StageOptions(out / "work", simulator, media=out / "media", events=out / "events.jsonl", segment_s=SEGMENT_S)


def _play(stage: Stage, arguments: argparse.Namespace, out: Path) -> int:
    with stage:
        _say(f"starting: simulated classroom, broker, daemon (logs in {stage.folder})")
        stage.listener.on_message = _show
        stage.start()
        _say(f"everything runs; MQTT broker: {stage.broker.name} on 127.0.0.1:{stage.broker.port}")
        cpu_s = _lesson(stage, arguments.seconds)
        lesson = stage.lessons()[-1]
        events, endpoints, sim = stage.listener.events(), stage.endpoints, stage.folder / "truth"
    _say("judging the recorded files by the simulator's truth")
    scored = score(lesson, sim, events, endpoints, cpu_s, fiducial=arguments.fiducial)
    _write(scored, lesson, sim, out)
    return _conclude(scored, lesson, out)


def _lesson(stage: Stage, seconds: float) -> float:
    """Press, teach, press; the daemon's CPU seconds over the lesson."""
    _say("the teacher wears the marker: the dock turns to her")
    stage.wait_until_aimed()
    cpu_s = stage.daemon_cpu_s()
    _say("the teacher presses the marker's button")
    stage.simulate("press", button="marker", press="short")
    stage.wait_for("lesson.started", lambda: bool(stage.listener.events("lesson.started")), START_TIMEOUT_S)
    begun = time.monotonic()
    second = 0
    while (left := begun + seconds - time.monotonic()) > 0:
        time.sleep(min(left, max(0.0, begun + second + 1 - time.monotonic())))
        if time.monotonic() >= begun + second + 1:
            second += 1
            _progress(stage, second, seconds)
    _say("the teacher presses the marker's button again")
    stage.simulate("press", button="marker", press="short")
    stage.wait_for("lesson.completed", lambda: bool(stage.listener.events("lesson.completed")), FINISH_TIMEOUT_S)
    return stage.daemon_cpu_s() - cpu_s


def _progress(stage: Stage, second: int, seconds: float) -> None:
    state, sim = stage.listener.state(), stage.simulate("status")
    alerts = ", ".join(alert["code"] for alert in state.get("alerts", []))
    _say(
        f"{second:4d}/{seconds:.0f} s  {state.get('session', '?')}, {state.get('tracking', '?')}"
        f"   teacher at {sim['teacher']['azimuth_deg']:+6.1f}°   pan {sim['dock']['pan_deg']:+6.1f}°"
        f"   cpu {stage.daemon_cpu_s():6.2f} s" + (f"   ALERT {alerts}" if alerts else "")
    )


def _show(message: Message) -> None:
    if "/event/" not in message.topic or not isinstance(message.payload, dict):
        return
    data = message.payload.get("data", {})
    facts = {k: v for k, v in data.items() if isinstance(v, str | int | float) and k != "lesson_id"}
    facts |= {k: f"{v[:12]}…" for k, v in facts.items() if isinstance(v, str) and k.endswith("sha256")}
    _say(f"event {message.payload.get('type')}  " + "  ".join(f"{k}={v}" for k, v in facts.items()))


def _write(scored: Scored, lesson: Path, truth: Path, out: Path) -> None:
    (out / "scorecard.json").write_text(json.dumps(scored.card, indent=1) + "\n")
    if not scored.frames:
        return
    files = [lesson / s["file"] for s in json.loads((lesson / "manifest.json").read_text())["segments"]]
    contact_sheet(files, scored.frames, out / "contact-sheet.png")
    bearing_plot(scored.frames, read_lines(truth / "marker.jsonl"), out / "bearing.png")
    write_report(scored.card, [f.relative_to(out) for f in files], out / "index.html")


def _conclude(scored: Scored, lesson: Path, out: Path) -> int:
    wrong = failures(scored.card)
    _say("scorecard")
    for key, value in scored.card.items():
        if value != "":
            print(f"             {key:22} {value}")
    _say(f"the lesson      {lesson}")
    _say(f"to play it      open {out / 'index.html'} in a browser, or: ffplay {lesson / 'playlist.m3u8'}")
    _say(f"pictures        {out / 'contact-sheet.png'}  {out / 'bearing.png'}")
    _say("good: the floor is met" if not wrong else "NOT good: " + "; ".join(wrong))
    return 1 if wrong else 0


_begun = time.monotonic()
_printing = threading.Lock()


def _say(text: str) -> None:
    with _printing, contextlib.suppress(BrokenPipeError):
        print(f"[{time.monotonic() - _begun:7.2f} s] {text}", flush=True)
