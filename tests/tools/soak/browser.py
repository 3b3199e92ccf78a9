"""A lesson served to a browser that nobody looks at, and what its player reports."""

import contextlib
import http.server
import json
import queue
import subprocess
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

CHROMIUM_FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"),
    *("--autoplay-policy=no-user-gesture-required", "--disable-features=AudioServiceOutOfProcess"),
)
FIREFOX_PREFS = {
    "media.autoplay.default": 0,
    "media.autoplay.blocking_policy": 0,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "app.update.enabled": False,
    "toolkit.telemetry.reportingpolicy.firstRun": False,
    "browser.aboutwelcome.enabled": False,
}

Reports = "queue.Queue[dict[str, Any]]"


class _Handler(http.server.SimpleHTTPRequestHandler):
    reports: "queue.Queue[dict[str, Any]]"

    def do_POST(self) -> None:
        self.reports.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_args: Any) -> None:
        """Quiet."""


@contextlib.contextmanager
def served(folder: Path) -> Iterator[tuple[str, "queue.Queue[dict[str, Any]]"]]:
    """The folder's address, and what pages in it report."""
    reports: queue.Queue[dict[str, Any]] = queue.Queue()
    handler = type("Bound", (_Handler,), {"reports": reports})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), lambda *a: handler(*a, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, name="page-server")
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", reports
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def chromium(program: str, profile: Path, url: str) -> Sequence[str]:
    """The command that opens `url`."""
    return [program, *CHROMIUM_FLAGS, f"--user-data-dir={profile}", url]


def firefox(program: str, profile: Path, url: str) -> Sequence[str]:
    """The command that opens `url`; makes the profile."""
    profile.mkdir(parents=True, exist_ok=True)
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in FIREFOX_PREFS.items()]
    (profile / "user.js").write_text("\n".join(lines) + "\n")
    return [program, "--headless", "--no-remote", "--profile", str(profile), url]


def play(command: Sequence[str], reports: "queue.Queue[dict[str, Any]]", timeout_s: float) -> dict[str, Any]:
    """Run a browser until its page has reported."""
    browser = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        return reports.get(timeout=timeout_s)
    finally:
        browser.terminate()
        try:
            browser.wait(10)
        except subprocess.TimeoutExpired:
            browser.kill()
            browser.wait()
