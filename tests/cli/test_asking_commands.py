"""`followspot start`, `stop` and `status` against a socket that answers as the test likes."""

import json
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from followspot.cli import client, exit_codes
from followspot.cli.main import main
from followspot.domain.commands import parse_command

REPORT = {
    "session": "recording",
    "lesson_id": "0190",
    "started_by": "marker",
    "recording": True,
    "tracking": "tracking",
    "sound": {
        "muted": False,
        "carrier": "teacher",
        "teacher": {"peak_dbfs": -9, "rms_dbfs": -24},
        "room": None,
    },
    "dock": "ready",
    "dock_status": {"battery_percent": 80, "markers": [{"id": 1, "battery_percent": 55}]},
    "host": {"clock": "synced"},
    "disk_minutes_left": 610,
    "broker": "connected",
    "encoder": {"name": "libx264", "reason": "as encoder.codec says"},
    "vision": {"name": "opencv", "reason": "no model is installed (followspot models install)"},
    "frames": 300,
    "frames_dropped": 2,
    "alerts": [{"code": "dock-lost", "subject": "tty", "message": "the dock was lost"}],
}

Serve = Callable[[bytes], Path]


@pytest.fixture
def serve(tmp_path: Path):
    """A daemon's end that gives one answer; `serve.heard` is what it was asked."""
    path = tmp_path / "control.sock"
    heard: list[dict] = []
    threads: list[threading.Thread] = []
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()

        def answer_once(answer: bytes) -> None:
            connection, _ = listener.accept()
            with connection, connection.makefile("rb") as lines:
                heard.append(json.loads(lines.readline()))
                connection.sendall(answer)

        def start(answer: bytes) -> Path:
            threads.append(threading.Thread(target=answer_once, args=(answer,), name="fake-daemon"))
            threads[-1].start()
            return path

        start.heard = heard
        yield start
        for thread in threads:
            thread.join(5)


def answered(accepted: bool, code: str, text: str, data: dict | None = None) -> bytes:
    return json.dumps({"id": "1", "accepted": accepted, "code": code, "text": text, "data": data}).encode() + b"\n"


@pytest.mark.parametrize("name", ["start", "stop", "pause", "resume", "home"])
def test_an_accepted_command(name: str, serve, capsys):
    path = serve(answered(True, "ok", "lesson 0190 starts"))
    assert main([name, "--socket", str(path)]) == exit_codes.OK
    assert capsys.readouterr().out == "lesson 0190 starts\n"
    assert serve.heard[0]["name"] == name


def test_a_bookmark_takes_its_words_along(serve, capsys):
    path = serve(answered(True, "ok", "bookmark set at 1:05"))
    assert main(["bookmark", "why?", "--tag", "question", "--socket", str(path)]) == exit_codes.OK
    assert capsys.readouterr().out == "bookmark set at 1:05\n"
    heard = serve.heard[0]
    assert (heard["name"], heard["tag"], heard["text"]) == ("bookmark", "question", "why?")


def test_what_is_said_of_a_lesson(serve):
    path = serve(answered(True, "ok", "lesson 0190 starts"))
    said = ["--code", "4b", "--consent", "filming=form 12", "--consent", "names=no", "--minutes", "45"]
    assert main(["start", "--socket", str(path), *said]) == exit_codes.OK
    (heard,) = serve.heard
    assert {key: value for key, value in heard.items() if key not in ("name", "id")} == {
        "lesson_code": "4b",
        "consent": {"filming": "form 12", "names": "no"},
        "planned_length_s": 2700,
    }


@pytest.mark.parametrize(
    ("option", "key", "value"), [(["--from", "7"], "from_sequence", 7), (["--lesson", "0190"], "lesson_id", "0190")]
)
def test_events_again(option: list[str], key: str, value: object, serve, capsys):
    path = serve(answered(True, "ok", "3 events are sent again"))
    assert main(["republish", "--socket", str(path), *option]) == exit_codes.OK
    assert capsys.readouterr().out == "3 events are sent again\n"
    assert serve.heard[0][key] == value


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        (["identify"], {"name": "dock-identify"}),
        (["park"], {"name": "dock-park"}),
        (["clear-faults"], {"name": "dock-clear-faults"}),
        (["follow-marker", "2"], {"name": "dock-follow-marker", "marker_id": 2}),
    ],
)
def test_what_is_asked_of_the_dock(words: list[str], asked: dict, serve, capsys):
    path = serve(answered(True, "ok", "the dock did it"))
    assert main(["dock", *words, "--socket", str(path)]) == exit_codes.OK
    assert capsys.readouterr().out == "the dock did it\n"
    [heard] = serve.heard
    parsed = parse_command(json.dumps(heard).encode())
    assert parsed.model_dump(exclude={"id", "expires"}) == asked


@pytest.mark.parametrize("marker", ["0", "65536", "x", "-1"])
def test_no_such_marker(marker: str, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["dock", "follow-marker", marker])
    assert ended.value.code == exit_codes.USAGE


def test_a_refused_command(serve, capsys):
    path = serve(answered(False, "already-recording", "a lesson is being recorded already"))
    assert main(["start", "--socket", str(path)]) == exit_codes.REFUSED
    assert capsys.readouterr().err == "refused (already-recording): a lesson is being recorded already\n"


def test_the_socket_is_found_by_the_configuration(serve, tmp_path: Path, capsys):
    serve(answered(True, "ok", "yes"))
    config = tmp_path / "f.toml"
    config.write_text(f'[paths]\nruntime = "{tmp_path}"\n')
    assert main(["stop", "--config", str(config)]) == exit_codes.OK


def test_status_for_people(serve, capsys):
    path = serve(answered(True, "ok", "recording", REPORT))
    assert main(["status", "--socket", str(path)]) == exit_codes.OK
    assert capsys.readouterr().out.splitlines() == [
        "session:   recording 0190, started by marker, reaches the disk",
        "tracking:  tracking",
        "sound:     the teacher is heard; teacher peak -9 dB, RMS -24 dB",
        "dock:      ready, batteries: dock 80 %, marker 1 55 %",
        "broker:    connected",
        "recorded:  300 pictures, 2 dropped, since the last start",
        "encoder:   libx264: as encoder.codec says",
        "vision:    opencv: no model is installed (followspot models install)",
        "room for:  610 minutes of lessons",
        "clock:     set",
        "alerts:    1",
        "  dock-lost: the dock was lost",
    ]


def test_a_paused_lesson_films_nobody(serve, capsys):
    path = serve(answered(True, "ok", "paused", {**REPORT, "session": "paused", "recording": False}))
    assert main(["status", "--socket", str(path)]) == exit_codes.OK
    assert "session:   paused 0190, started by marker, the camera is closed" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("sound", "said"),
    [
        ({"muted": True, "carrier": "muted", "teacher": None, "room": None}, "muted by the marker: silence"),
        ({"muted": True, "carrier": None, "teacher": None, "room": None}, "muted by the marker"),
        ({"muted": False, "carrier": None, "teacher": None, "room": None}, "nothing is recorded"),
    ],
)
def test_status_tells_a_muted_marker(serve, capsys, sound, said):
    path = serve(answered(True, "ok", "recording", REPORT | {"sound": sound}))
    assert main(["status", "--socket", str(path)]) == exit_codes.OK
    assert f"sound:     {said}" in capsys.readouterr().out.splitlines()


def test_status_for_programs(serve, capsys):
    path = serve(answered(True, "ok", "recording", REPORT))
    assert main(["status", "--json", "--socket", str(path)]) == exit_codes.OK
    assert json.loads(capsys.readouterr().out) == REPORT


def test_no_daemon(tmp_path: Path, capsys):
    assert main(["status", "--socket", str(tmp_path / "control.sock")]) == exit_codes.NO_DAEMON
    assert "no daemon answers: is it running?" in capsys.readouterr().err


@pytest.mark.parametrize("answer", [b"", b"nonsense\n", b'{"accepted": true}\n'])
def test_an_answer_that_is_none(answer: bytes, serve, capsys):
    assert main(["status", "--socket", str(serve(answer))]) == exit_codes.NO_DAEMON


def test_a_daemon_that_hangs(serve, tmp_path: Path, monkeypatch, capsys):
    monkeypatch.setattr(client, "ANSWER_TIMEOUT_S", 0.05)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "deaf.sock"))
        listener.listen()
        assert main(["status", "--socket", str(tmp_path / "deaf.sock")]) == exit_codes.NO_DAEMON
    assert "did not answer within" in capsys.readouterr().err
