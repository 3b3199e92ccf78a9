"""Ten minutes of a recorded lesson in a browser, through hls.js, at the speed of life: a stall, a hole in the sound?

make soak-play   (PLAY_MINUTES=10 BROWSER=chromium|firefox-esr SOAK_OUT=build/soak FOLLOWSPOT_NODE=.../node_modules)
"""

import argparse
import asyncio
import json
import os
import shutil
import sys
import tempfile
import time
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from typing import Any

from support.rfc8216 import check
from support.storagelab import LESSON
from tools.soak.browser import chromium, firefox, play, served
from tools.soak.report import Line
from tools.soak.virtual_lesson import SoakLesson

SEGMENT_S = 20.0
PAGE = Path(__file__).parents[1] / "playback" / "hls.html"
SLACK_S = 90.0
BEEP_S = 5
"""Between the beeps of the lesson: her microphone's and the room's in turn."""
SOUND_HZ = 48_000
JITTER_SAMPLES = 240
"""5 ms: the two microphones are that far apart (their buses), and a beep is found by its level."""


def find_hls() -> Path:
    """hls.js as npm has it; no copy of it is kept here."""
    path = Path(os.environ.get("FOLLOWSPOT_NODE", "node_modules")) / "hls.js" / "dist" / "hls.min.js"
    if not path.exists():
        sys.exit(f"no {path}: npm install hls.js, and name its node_modules in FOLLOWSPOT_NODE")
    return path


async def record(folder: Path, seconds: float) -> Path:
    """A lesson of that length, faster than it lasts."""
    lesson = SoakLesson(folder, seconds, 200.0, -200.0, time.monotonic() + seconds, SEGMENT_S)
    async for _ in lesson.run():
        pass
    return lesson.media / LESSON


def verdict(told: dict[str, Any], seconds: float, *, deaf: bool) -> list[Line]:
    """What a coach would notice."""
    lines = [
        Line("played_s", told["time"], f">= {seconds:g}", told["time"] >= seconds - 0.5),
        Line("stalls", told["stalls"], "0", told["stalls"] == 0),
        Line("errors", len(told["errors"]), "0", not told["errors"]),
    ]
    if not deaf:  # a card that a busy machine only pretends to have is slow by itself: then the beeps tell
        return lines + _sound(told, seconds)
    behind_s = float("inf") if told["behind"] is None else told["behind"]
    return [*lines, Line("behind_real_time_s", behind_s, "<= 1", behind_s <= 1)]


def _sound(told: dict[str, Any], seconds: float) -> list[Line]:
    steps = [b[0] - a[0] for a, b in pairwise(told["beeps"])]
    off = max((abs(step - BEEP_S * SOUND_HZ) for step in steps), default=10**9)
    heard_s = [media_s for _, media_s in told["beeps"]] or [0.0]
    missing = round((heard_s[-1] - heard_s[0]) / BEEP_S) + 1 - len(heard_s)
    return [
        Line("beeps_heard", len(steps) + 1, f">= {seconds / BEEP_S - 2:g}", len(steps) + 1 >= seconds / BEEP_S - 2),
        Line("beeps_missing", missing, "0", missing == 0),
        Line("beep_step_off_samples", off, f"<= {JITTER_SAMPLES}", off <= JITTER_SAMPLES),
        Line("silent_samples", told["silent"], "< 1024", told["silent"] < 1024),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0, help="to play (default %(default)g)")
    parser.add_argument("--browser", default="chromium", help="chromium or firefox-esr (default %(default)s)")
    parser.add_argument("--deaf", action="store_true", help="do not look at the sound: a browser without a sound card")
    parser.add_argument("--out", type=Path, default=Path("build/soak"), help="folder of the report (%(default)s)")
    arguments = parser.parse_args()
    hls, program = find_hls(), shutil.which(arguments.browser)
    if program is None:
        sys.exit(f"there is no {arguments.browser} here")
    seconds = arguments.minutes * 60
    with tempfile.TemporaryDirectory(prefix="followspot-play-") as name:
        folder = Path(name)
        lesson = asyncio.run(record(folder, seconds + 30))
        check(lesson / "playlist.m3u8")
        shutil.copy(hls, lesson / "hls.js")
        shutil.copy(PAGE, lesson / "player.html")
        opening = firefox if "firefox" in arguments.browser else chromium
        with served(lesson) as (root, reports):
            listen = "no" if arguments.deaf else "yes"
            url = f"{root}/player.html?playlist=playlist.m3u8&seconds={seconds:g}&listen={listen}"
            told = play(opening(program, folder / "profile", url), reports, seconds + SLACK_S)
    lines = verdict(told, seconds, deaf=arguments.deaf)
    arguments.out.mkdir(parents=True, exist_ok=True)
    report = {"browser": told["agent"], "hls_js": told["hls"], "verdict": [asdict(line) for line in lines], **told}
    (arguments.out / f"play-{arguments.browser}.json").write_text(json.dumps(report, indent=1) + "\n")
    for line in lines:
        print(f"{'ok  ' if line.holds else 'FAIL'}  {line.name:<26} {line.value:10.3f}   {line.budget}")
    return 0 if all(line.holds for line in lines) else 1


if __name__ == "__main__":
    sys.exit(main())
