"""A wrong configuration file is refused in plain words, with key and line."""

import os
from pathlib import Path

import pytest

from followspot.domain.errors import ConfigurationError
from followspot.settings.load import load
from followspot.settings.models import MicrophoneSettings, RoomMicrophoneSettings, Settings
from followspot.settings.problems import InvalidSettingsError


@pytest.fixture
def problems(tmp_path: Path):
    """The problems of a file with this text, as (key, line, message)."""

    def found(text: str | bytes) -> list[tuple[str, int | None, str]]:
        path = tmp_path / "f.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        with pytest.raises(InvalidSettingsError) as caught:
            load(path)
        return [(p.key, p.line, p.message) for p in caught.value.problems]

    return found


def test_values_are_read_and_the_rest_is_default(tmp_path: Path):
    path = tmp_path / "f.toml"
    path.write_text('[camera]\nrate_hz = 25\noptions.a = "b"\n[mqtt]\nallow = ["start"]\n[paths]\nmedia = "/m"\n')
    settings = load(path)
    assert settings.camera.rate_hz == 25
    assert settings.camera.options == {"a": "b"}
    assert settings.mqtt.allow == ("start",)
    assert settings.paths.media == Path("/m")
    assert settings.view.width == 1280


def test_the_environment_has_no_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "f.toml"
    path.write_text("")
    monkeypatch.setenv("CAMERA", '{"rate_hz": 7}')
    monkeypatch.setenv("camera__rate_hz", "7")
    assert load(path).camera.rate_hz == 30


def test_a_missing_file_is_an_error(tmp_path: Path):
    with pytest.raises(ConfigurationError, match=r"nothing\.toml: there is no such file"):
        load(tmp_path / "nothing.toml")


def test_a_folder_is_an_error(tmp_path: Path):
    with pytest.raises(InvalidSettingsError, match="cannot be read: Is a directory"):
        load(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_an_unreadable_file_is_an_error(tmp_path: Path):
    path = tmp_path / "f.toml"
    path.touch(mode=0)
    with pytest.raises(InvalidSettingsError, match="cannot be read: Permission denied"):
        load(path)


def test_bytes_that_are_no_text(problems):
    assert problems(b"[camera]\nurl = '\xff'\n") == [
        ("", 2, "byte 0xff is not UTF-8 text: save the file as UTF-8"),
    ]


def test_broken_toml_names_the_line(problems):
    [(key, line, message)] = problems("[camera]\nurl = \n")
    assert (key, line) == ("", 2)
    assert message.startswith("not valid TOML: ")
    [(_, line, _)] = problems('[camera]\nurl = """\n')
    assert line is not None


def test_an_unknown_key_offers_the_closest(problems):
    assert problems("[camera]\n\nratehz = 30\n") == [
        ("camera.ratehz", 3, "there is no such key; did you mean camera.rate_hz?"),
    ]


def test_an_unknown_table_offers_the_closest(problems):
    assert problems("[cammera]\nurl = 'x'\n") == [("cammera", 1, "there is no such key; did you mean camera?")]


def test_a_key_in_the_wrong_table_is_sent_home(problems):
    assert problems("[camera]\nkeepalive_s = 5\n") == [
        ("camera.keepalive_s", 2, "there is no such key here; it belongs to [mqtt]"),
    ]


def test_a_key_like_no_other_lists_what_there_is(problems):
    assert problems("[log]\nzzz = 1\n") == [("log.zzz", 2, "there is no such key; known here: level")]


@pytest.mark.parametrize(
    ("text", "key", "message"),
    [
        (
            "[camera]\nrate_hz = 1000",
            "camera.rate_hz",
            "1000 is not allowed; allowed is a number from 1 to 60 (default 30.0)",
        ),
        (
            '[camera]\nrate_hz = "30"',
            "camera.rate_hz",
            '"30" is not allowed; allowed is a number from 1 to 60 (default 30.0)',
        ),
        (
            "[view]\nwidth = 1281",
            "view.width",
            "1281 is not allowed; allowed is a whole number from 160 to 1920, a multiple of 2 (default 1280)",
        ),
        ("[tracking]\nvision = 1", "tracking.vision", "1 is not allowed; allowed is true or false (default true)"),
        (
            '[paths]\nmedia = "lessons"',
            "paths.media",
            '"lessons" is not allowed; allowed is an absolute path, beginning with / '
            '(default "/var/lib/followspot/media")',
        ),
        (
            '[camera]\nurl = ""',
            "camera.url",
            '"" is not allowed; allowed is a text that is not empty (default "/dev/video0")',
        ),
        (
            '[mqtt]\nallow = ["dance"]',
            "mqtt.allow.0",
            '"dance" is not allowed; allowed is a list of "start", "stop", "home", "pause", "resume", "bookmark" '
            '(default ["stop", "pause", "bookmark"])',
        ),
        ("[mqtt]\nca_file = 3", "mqtt.ca_file", "3 is not allowed; allowed is a path (default none)"),
        (
            "[camera]\noptions = { a = 1 }",
            "camera.options.a",
            "1 is not allowed; allowed is a table of texts (default {})",
        ),
        (
            '[dock]\nbaud = "fast"',
            "dock.baud",
            '"fast" is not allowed; allowed is a whole number from 9600 to 4000000 (default 115200)',
        ),
        (
            '[device]\nid = "a/b"',
            "device.id",
            '"a/b" is not allowed; allowed is a text of 1 to 64 letters, digits, _ or - (default "followspot")',
        ),
        (
            "[steering]\nmax_rate_dps = nan",
            "steering.max_rate_dps",
            "NaN is not allowed; allowed is a number above 0 to 360 (default 90.0)",
        ),
    ],
)
def test_a_wrong_value_is_told_what_is_allowed(problems, text: str, key: str, message: str):
    assert problems(text) == [(key, 2, message)]


def test_a_value_where_a_table_belongs(problems):
    assert problems("camera = 3") == [("camera", 1, "must be a table: write [camera] and its keys below it")]


def test_every_problem_is_told_at_once(problems):
    found = problems("[camera]\nrate_hz = 0\nurk = 1\n[view]\nheight = 3\n")
    assert [(key, line) for key, line, _ in found] == [("camera.rate_hz", 2), ("camera.urk", 3), ("view.height", 5)]


@pytest.mark.parametrize(
    ("text", "key", "words"),
    [
        ('[paths]\nmedia = "/run/followspot/media"', "paths.media", "every boot empties"),
        ('[mqtt]\npassword_file = "/x"', "mqtt.password_file", "without mqtt.username"),
        ("[panel]\nlamp_pin = 17", "panel.lamp_pin", "panel.button_pin"),
        ("[camera]\nstall_timeout_s = 0.5\nrate_hz = 2", "camera.stall_timeout_s", "must be 1 or more"),
        ('[dock]\ndriver = "visca"', "dock.driver", "dock.url"),
        ('[dock]\ndriver = "waveshare"', "dock.driver", "dock.port"),
        ("[tracking]\narea = { left_deg = 5, right_deg = 5 }", "tracking.area", "left_deg must be less"),
        (
            "[tracking]\nblocked = [{ left_deg = 1, right_deg = 5, bottom_deg = 9, top_deg = 3 }]",
            "tracking.blocked",
            "bottom_deg less than top_deg",
        ),
        ("[view]\nshot = 'teacher-and-board'", "view.shot", "needs view.board"),
        ("[view]\nboard = { left_deg = 1, right_deg = 5 }", "view.board", "by at most 60"),
        ("[tracking]\nbadge = 3\nvision = false\n", "tracking.badge", "tracking.vision"),
        (
            "[view]\nhide_blocked = true\n[recording]\npicture = 'full'\n"
            "[tracking]\nblocked = [{ left_deg = 1, right_deg = 5 }]",
            "view.hide_blocked",
            "the full picture shows all",
        ),
    ],
)
def test_values_that_contradict_each_other(problems, text: str, key: str, words: str):
    [(found_key, line, message)] = problems(text)
    assert (found_key, line) == (key, 2)
    assert words in message


def test_the_error_reads_as_one_line_a_problem(tmp_path: Path):
    path = tmp_path / "f.toml"
    path.write_text("[log]\nlevel = 'LOUD'\n")
    with pytest.raises(InvalidSettingsError) as caught:
        load(path)
    assert str(caught.value) == (
        f'{path}:2: log.level: "LOUD" is not allowed; '
        'allowed is one of "DEBUG", "INFO", "WARNING", "ERROR" (default "INFO")'
    )


def test_a_password_is_not_shown(problems):
    [(key, _, message)] = problems('[mqtt]\nport = "mqtt://box:s3cret@broker:1883"\n')
    assert key == "mqtt.port"
    assert "s3cret" not in message


def test_a_byte_order_mark_is_named(tmp_path: Path):
    path = tmp_path / "f.toml"
    path.write_bytes(b"\xef\xbb\xbf[log]\n")
    with pytest.raises(InvalidSettingsError, match="1: the file begins with a byte order mark"):
        load(path)


@pytest.mark.parametrize(
    ("zone", "words"),
    [
        ("{ left_deg = 1 }", "is not allowed; allowed is a list of at most 16 of { left_deg = A"),
        ("{ left_deg = 1, right_deg = 500 }", "500 is not allowed; allowed is a list"),
        ("{ left_deg = 1, right_deg = 5, colour = 3 }", "there is no such key here; allowed is a list"),
    ],
)
def test_a_wrong_zone_is_told_what_a_zone_is(problems, zone: str, words: str):
    [(key, line, message)] = problems(f"[tracking]\nblocked = [{zone}]\n")
    assert key.startswith("tracking.blocked.0.")
    assert line == 2
    assert words in message


def test_single_sounds_take_room_too() -> None:
    alone = Settings(microphone=MicrophoneSettings(url="hw:1"))
    both = Settings(
        microphone=MicrophoneSettings(url="hw:1"), room_microphone=RoomMicrophoneSettings(url="hw:2", single_files=True)
    )
    assert (alone.sound_kbps, both.sound_kbps) == (96, 288)


@pytest.mark.parametrize("fallback", ["/media/lessons", "/media/lessons/inside", "/media"])
def test_media_and_fallback_do_not_lie_in_each_other(problems, fallback: str) -> None:
    ((key, line, message),) = problems(f'[paths]\nmedia = "/media/lessons"\nfallback = "{fallback}"\n')
    assert (key, line) == ("paths.fallback", 3)
    assert "another disk" in message
