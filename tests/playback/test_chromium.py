"""A coach opens the lesson in a browser: every segment plays alone, and all of them as one stream without a stall."""

import contextlib
import http.server
import json
import queue
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from support.lessons import Lesson, start, stop

pytestmark = pytest.mark.scenario

PLAY_TIMEOUT_S = 60
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--mute-audio"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"),
    "--autoplay-policy=no-user-gesture-required",
)


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves a folder and takes the player's report."""

    reports: "queue.Queue[dict[str, Any]]"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.reports.put(json.loads(body))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_args: Any) -> None:
        """Quiet."""


@contextlib.contextmanager
def served(folder: Path) -> Iterator[tuple[str, "queue.Queue[dict[str, Any]]"]]:
    reports: queue.Queue[dict[str, Any]] = queue.Queue()

    class Bound(Handler):
        pass

    Bound.reports = reports
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), lambda *a: Bound(*a, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, name="page-server")
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", reports
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def play(chromium: str, url: str, reports: "queue.Queue[dict[str, Any]]", profile: Path) -> dict[str, Any]:
    browser = subprocess.Popen(
        [chromium, *FLAGS, f"--user-data-dir={profile}", url],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        return reports.get(timeout=PLAY_TIMEOUT_S)
    finally:
        browser.terminate()
        browser.wait(10)


@pytest.fixture
def lesson(stage) -> Lesson:
    start(stage)
    time.sleep(6)
    lesson = stop(stage)
    stage.close()
    return lesson


def test_chromium_plays_each_segment_alone_and_all_as_one(lesson: Lesson, chromium: str, tmp_path: Path) -> None:
    (lesson.folder / "player.html").write_text((Path(__file__).parent / "player.html").read_text())
    manifest = lesson.manifest
    segments = manifest["segments"]
    assert len(segments) >= 3
    codecs = ",".join(t["codec"] for t in manifest["tracks"])
    with served(lesson.folder) as (root, reports):
        for how, chosen in (("alone", segments[1:2]), ("joined", segments)):
            query = [("how", how), ("codecs", codecs), *(("segment", s["file"]) for s in chosen)]
            result = play(chromium, f"{root}/player.html?{urlencode(query)}", reports, tmp_path / how)
            assert "error" not in result, result
            length_s = sum(s["duration_ns"] for s in chosen) / 1e9
            assert (result["width"], result["height"]) == (640, 360)
            assert result["audio"] > 0
            assert result["stalls"] == 0
            assert result["ranges"] == 1, "one stretch without holes"
            assert result["time"] == pytest.approx(result["duration"], abs=0.1)
            end_s = (chosen[-1]["start_ns"] + chosen[-1]["duration_ns"]) / 1e9
            assert result["time"] == pytest.approx(end_s, abs=0.15) or result["time"] == pytest.approx(
                length_s, abs=0.15
            )
