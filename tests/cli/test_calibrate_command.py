"""What `followspot calibrate sync` advises, by what was found."""

import pytest

from followspot.cli import exit_codes
from followspot.cli.calibrate import told
from followspot.cli.main import main
from followspot.domain.sound import MicrophoneRole
from followspot.media.claps import ClapOffset
from followspot.media.synccheck import SyncFinding
from followspot.settings.models import Settings

MS = 1_000_000


def advice(off_ms, role=MicrophoneRole.TEACHER, **tables):
    finding = SyncFinding(role, 6, 6, ClapOffset(off_ms * MS, 3 * MS, 5))
    return told(finding, Settings.model_validate(tables))


def test_a_late_sound_is_mended_by_its_own_key():
    said = advice(83, microphone={"latency_ms": 20.0})
    assert "[microphone] the sound is 83 ms behind the picture (5 claps, each within 3 ms)" in said
    assert said.endswith("set [microphone] latency_ms = 103 (it is 20)")
    assert "set [room_microphone] latency_ms = 83" in advice(83, MicrophoneRole.ROOM)


def test_a_late_picture_is_mended_by_the_camera_s_key_where_that_counts():
    assert "set [microphone] latency_ms = -90 (it is 0)" in advice(-90)
    said = advice(-90, camera={"timestamps": "arrival", "latency_ms": 30.0})
    assert said.endswith("set [camera] latency_ms = 120 (it is 30)")


def test_what_needs_no_key_or_has_none():
    assert "nothing has to be changed" in advice(9)
    assert "more than [microphone] latency_ms can mend" in advice(600, microphone={"latency_ms": 500.0})
    nothing = told(SyncFinding(MicrophoneRole.TEACHER, 1, 7, None), Settings())
    assert "1 were seen, 7 heard" in nothing


@pytest.mark.parametrize("seconds", ["0", "-3", "nan", "1e9", "long"])
def test_a_senseless_time_is_refused(seconds, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["calibrate", "sync", "--seconds", seconds])
    assert ended.value.code == exit_codes.USAGE
    assert "seconds" in capsys.readouterr().err
