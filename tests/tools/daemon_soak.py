"""The whole daemon against the simulator in real time: what drifts, what grows?

make soak-daemon   (DAEMON_MINUTES=20 SOAK_OUT=build/soak)
"""

import argparse
import json
import re
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from followspot_sim.judge.playback import Recording, av_offsets_ms, read_recording
from followspot_sim.scenario import SCENARIOS
from followspot_sim.stage import Message, Stage, StageOptions
from tools.soak.measures import Holding, holding
from tools.soak.report import Sample, Series, budget_lines, write_report

PPM = 200.0
SEGMENT_S = 15.0
CLAP_S = 5
TIMEOUT_S = 30.0
NS = 1_000_000_000


@dataclass(frozen=True)
class Heard:
    """A segment's announcement, when it came and what the daemon held then."""

    data: dict[str, Any]
    at: float
    holding: Holding


def scenario(folder: Path) -> Path:
    """The shipped lesson with clocks that are further off."""
    text = (SCENARIOS / "lesson.toml").read_text()
    text, count = re.subn(r"(\[microphone\]\nclock_ppm = )[-0-9.]+", rf"\g<1>{PPM}", text)
    assert count == 1, "the shipped lesson states its microphone's clock"
    path = folder / "soak.toml"
    path.write_text(f"{text}\n[room_microphone]\nclock_ppm = {-PPM}\n")
    return path


def record(stage: Stage, seconds: float) -> list[Heard]:
    heard: list[Heard] = []

    def note(message: Message) -> None:
        payload = message.payload
        if isinstance(payload, dict) and payload.get("type") == "segment.ready" and stage.daemon is not None:
            heard.append(Heard(payload["data"], time.clock_gettime(time.CLOCK_REALTIME), holding(stage.daemon.pid)))

    stage.listener.on_message = note
    stage.command("start")
    stage.wait_for("lesson.started", lambda: bool(stage.listener.events("lesson.started")), TIMEOUT_S)
    time.sleep(seconds)
    stage.command("stop")
    stage.wait_for("lesson.completed", lambda: bool(stage.listener.events("lesson.completed")), TIMEOUT_S)
    return heard


def skews(folder: Path, segment: dict[str, Any], claps_ns: list[int]) -> dict[str, float | None]:
    """The worst clap of the segment for each microphone by itself, and for the track that players use."""
    own = read_recording([folder / segment["file"]])
    sounds = {"players": own} | {s["role"]: _with_sound(own, folder / s["file"]) for s in segment["sounds"]}
    return {name: max(av_offsets_ms(one, claps_ns), key=abs, default=None) for name, one in sounds.items()}


def _with_sound(own: Recording, file: Path) -> Recording:
    sound = read_recording([file])
    return replace(own, sound=sound.sound, sound_start_ns=sound.sound_start_ns)


def _claps_ns(stage: Stage, folder: Path) -> list[int]:
    """In lesson time: the framing track ties it to the simulator's."""
    track = [json.loads(line) for line in (folder / "framing.jsonl").read_text().splitlines()]
    shift_ns = track[0]["pts_ns"] - track[0]["t_ns"]
    claps = (json.loads(line)["t_ns"] for line in (stage.sim_folder / "claps.jsonl").read_text().splitlines())
    return [clap_ns + shift_ns for clap_ns in claps]


def samples(stage: Stage, heard: list[Heard]) -> list[Sample]:
    folder = stage.lessons()[-1]
    claps_ns = _claps_ns(stage, folder)
    segments = {one["index"]: one for one in json.loads((folder / "manifest.json").read_text())["segments"]}
    return [_sample(folder, segments[one.data["index"]], one, heard[0], claps_ns) for one in heard]


def _sample(folder: Path, segment: dict[str, Any], one: Heard, first: Heard, claps_ns: list[int]) -> Sample:
    began = datetime.fromisoformat(one.data["started"]).timestamp()
    end_ns = segment["start_ns"] + segment["duration_ns"]
    within = [clap for clap in claps_ns if segment["start_ns"] + NS < clap < end_ns - NS]
    return Sample(
        media_s=end_ns / NS,
        wall_s=round(one.at - first.at, 1),
        skew_ms=skews(folder, segment, within),
        announce_ms=round((one.at - began) * 1000 - segment["duration_ns"] / 1e6, 1),
        resident_mb=round(one.holding.resident_mb, 2),
        handles=one.holding.handles,
        threads=one.holding.threads,
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=20.0, help="how long (default %(default)g)")
    parser.add_argument("--picture", choices=("framed", "full", "both"), default="framed", help="recording.picture")
    parser.add_argument("--out", type=Path, default=Path("build/soak"), help="folder of the report (%(default)s)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="followspot-soak-") as name:
        folder = Path(name)
        sim = ("--scenario", str(scenario(folder)), "--size", "640x360", "--rate", "15")
        tables = {
            "view": {"width": 640, "height": 360},
            "encoder": {"bitrate_kbps": 600, "full_bitrate_kbps": 600},
            "recording": {"picture": arguments.picture},
        }
        options = StageOptions(
            folder, (*sim, "--room-microphone", "--clap-every", str(CLAP_S)), tables, segment_s=SEGMENT_S
        )
        with Stage(options) as stage:
            stage.start()
            found = samples(stage, record(stage, arguments.minutes * 60))
    title = f"the daemon in real time, {found[-1].media_s / 60:.1f} min, clocks off by +{PPM:g} and -{PPM:g} ppm"
    series = Series("daemon", title, found)
    write_report(series, arguments.out)
    return budget_lines(series)


if __name__ == "__main__":
    sys.exit(main())
