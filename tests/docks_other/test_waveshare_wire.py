"""Waveshare's JSON lines: bytes from the wiki and the public firmware, and any bytes at all."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from followspot_dock.waveshare import codec
from followspot_dock.waveshare.session import _ahead, _steps


def test_commands_are_the_documents_lines() -> None:
    """Waveshare wiki, "08 Sub-controller JSON Command Set"."""
    assert codec.move(45, -20, 300, 300) == b'{"T":134,"X":45,"Y":-20,"SX":300,"SY":300}\n'
    assert codec.STOP == b'{"T":135}\n'
    assert codec.ASK == b'{"T":130}\n'
    types = [json.loads(line)["T"] for line in codec.SET_UP.splitlines()]
    assert types == [143, 131, 142, 4, 137]


@pytest.mark.parametrize(
    ("line", "read"),
    [
        (b'{"T":1001,"L":0,"R":0,"r":0.1,"p":-1,"y":"null","v":11.9,"pan":12.5,"tilt":-3}\r\n', [(12.5, -3.0)]),
        (b'{"T":1001,"L":0,"R":0,"v":11.9}\n', [(None, None)]),
        (b'{"T":1005,"id":2,"status":0}\n', [2]),
        (b'{"T":1005,"id":2,"status":1}\n', []),
        (b'{"T":405,"mac":"44:17:93"}\n', []),
        (b'{"T":1001,"pan":true,"tilt":"0"}\n', [(None, None)]),
        (b'{"T":1001,"pan":NaN,"tilt":0}\n', []),
        (b'{"T":1001,"pan":1e999,"tilt":0}\n', []),
        (b'[1]\n{"T":\n\n{"T":1001,"pan":1,"tilt":2}\n', [(1.0, 2.0)]),
        (b"[" * 900 + b"\n", []),
    ],
)
def test_lines_are_read(line: bytes, read: list[object]) -> None:
    told = codec.Lines().feed(line)
    assert [t.servo_id if isinstance(t, codec.ServoSilent) else (t.pan_deg, t.tilt_deg) for t in told] == read


@given(st.lists(st.binary(max_size=200)))
def test_any_bytes_cost_at_most_the_line_they_are_in(noise: list[bytes]) -> None:
    lines = codec.Lines()
    for data in noise:
        lines.feed(data)
        assert len(lines._rest) <= codec.MAX_LINE_BYTES
    assert lines.feed(b'\n{"T":1001,"pan":1,"tilt":2}\n')[-1] == codec.Feedback(1.0, 2.0)


@given(st.floats(-500, 500))
def test_a_rate_is_never_above_what_was_asked(rate_dps: float) -> None:
    steps = _steps(rate_dps)
    assert abs(steps) / codec.STEPS_PER_DEG <= abs(rate_dps) + 1e-9
    assert abs(steps) <= codec.MAX_SPEED_STEPS
    assert steps * rate_dps >= 0


@given(st.floats(-180, 180), st.floats(-200, 200), st.integers(1, 500))
def test_a_move_goes_at_most_a_degree_beyond_its_time_to_live(at_deg: float, rate_dps: float, ttl_ms: int) -> None:
    goal = _ahead(at_deg, rate_dps, ttl_ms, -180.0, 180.0)
    assert -180 <= goal <= 180
    assert abs(goal - at_deg) <= abs(rate_dps) * ttl_ms / 1000 + 1
