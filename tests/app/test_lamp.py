"""The lamp tells the truth: recording if and only if frames reach the disk."""

import itertools

import pytest

from followspot.app.compose import PREVENT_RECORDING, lamp_for
from followspot.control.session import SessionStatus
from followspot.domain.alerts import AlertCode
from followspot.domain.session import SessionState
from followspot.panel.panel import LampState


@pytest.mark.parametrize("state", SessionState)
def test_without_alerts(alerts, state):
    waiting = {SessionState.IDLE: LampState.OFF, SessionState.PAUSED: LampState.PAUSED}
    assert lamp_for(SessionStatus(state), alerts) is waiting.get(state, LampState.WAITING)


@pytest.mark.parametrize(("state", "code"), list(itertools.product(SessionState, AlertCode)))
def test_only_what_prevents_recording_asks_for_help(alerts, state, code):
    alerts.raise_alert(code, "x", "x", 0)
    shown = lamp_for(SessionStatus(state), alerts)
    assert (shown is LampState.FAULT) == (code in PREVENT_RECORDING)


@pytest.mark.parametrize("code", AlertCode)
def test_whatever_is_wrong_frames_on_the_disk_are_recording(alerts, code):
    alerts.raise_alert(code, "x", "x", 0)
    assert lamp_for(SessionStatus(SessionState.RECORDING, "l", "panel", on_disk=True), alerts) is LampState.RECORDING
