"""A lesson as the pipeline finds it: files, manifest and what an independent subscriber heard."""

import hashlib
import json
import subprocess
from pathlib import Path
from typing import Any

from followspot_sim.stage import Stage


class Lesson:
    """One lesson's folder and what an independent subscriber heard of it."""

    def __init__(self, stage: Stage, folder: Path) -> None:
        self.stage = stage
        self.folder = folder
        self.id = folder.name

    def events(self, kind: str) -> list[dict[str, Any]]:
        """The data of the lesson's events of a type, each id once, in order."""
        by_id = {e["id"]: e["data"] for e in self.stage.listener.events(kind) if e["data"].get("lesson_id") == self.id}
        return list(by_id.values())

    @property
    def manifest(self) -> dict[str, Any]:
        """The lesson's manifest.json."""
        manifest: dict[str, Any] = json.loads((self.folder / "manifest.json").read_text())
        return manifest

    @property
    def framing(self) -> list[dict[str, Any]]:
        """The lesson's framing track, picture by picture."""
        lines = [json.loads(line) for line in (self.folder / "framing.jsonl").read_text().splitlines()]
        return [line for line in lines if "cut" not in line]

    @property
    def gap_reasons(self) -> list[str]:
        """Why media is missing or filled, in order."""
        return [g["reason"] for g in self.manifest["gaps"]]

    def check_files(self) -> None:
        """Every file of the manifest is announced, matches its hash and decodes completely; nothing is unfinished."""
        announced = {d["index"]: d for d in self.events("segment.ready")}
        segments = self.manifest["segments"]
        assert segments
        assert [s["index"] for s in segments] == sorted(announced)
        for segment in segments:
            file = self.folder / segment["file"]
            data = announced[segment["index"]]
            assert data["path"] == f"{self.id}/{segment['file']}"
            assert data["size"] == file.stat().st_size
            assert data["sha256"] == segment["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
        assert not list(self.folder.glob("*.part"))
        completed = self.events("lesson.completed")
        assert len(completed) == 1
        manifest = (self.folder / "manifest.json").read_bytes()
        assert completed[0]["manifest_sha256"] == hashlib.sha256(manifest).hexdigest()

    def check_plays(self, ffprobe: str) -> None:
        """ffprobe reads every frame of every segment without a word of complaint, with picture and sound in each."""
        for segment in self.manifest["segments"]:
            frames = probe_frames(ffprobe, self.folder / segment["file"])
            assert frames["video"] == segment["frames"]
            assert frames["audio"] > 0


def probe_frames(ffprobe: str, file: Path) -> dict[str, int]:
    """Decoded frames by kind of track; fails on any warning."""
    command = [
        ffprobe,
        "-v",
        "warning",
        "-count_frames",
        "-show_entries",
        "stream=codec_type,nb_read_frames",
        "-of",
        "json",
    ]
    done = subprocess.run([*command, str(file)], capture_output=True, text=True, check=True, timeout=60)
    assert done.stderr == "", f"{file.name}: {done.stderr}"
    return {s["codec_type"]: int(s["nb_read_frames"]) for s in json.loads(done.stdout)["streams"]}


def lesson_of(stage: Stage, number: int = -1) -> Lesson:
    """The stage's newest lesson, or another by number."""
    return Lesson(stage, stage.lessons()[number])


def alerts(stage: Stage, kind: str = "alert.raised") -> list[str]:
    """The codes of the alerts that were raised (or cleared), as the subscriber heard them."""
    return [e["data"]["code"] for e in stage.listener.events(kind)]


def standing(stage: Stage) -> dict[str, str]:
    """The alerts that stand now by code, as `followspot status` shows them: code -> message."""
    data = stage.command("status")["data"]
    assert isinstance(data, dict)
    return {a["code"]: a["message"] for a in data["alerts"]}


def wait_event(stage: Stage, kind: str, count: int = 1, timeout_s: float = 20.0) -> None:
    """Wait until the subscriber has heard that many events of a type."""
    stage.wait_for(f"{count} x {kind}", lambda: len(stage.listener.events(kind)) >= count, timeout_s)


def start(stage: Stage) -> None:
    """Start a lesson over the control socket and wait until it is recorded."""
    before = len(stage.listener.events("lesson.started"))
    assert stage.command("start")["accepted"]
    wait_event(stage, "lesson.started", before + 1)


def stop(stage: Stage) -> Lesson:
    """Stop the lesson and wait until it is complete."""
    before = len(stage.listener.events("lesson.completed"))
    assert stage.command("stop")["accepted"]
    wait_event(stage, "lesson.completed", before + 1)
    return lesson_of(stage)
