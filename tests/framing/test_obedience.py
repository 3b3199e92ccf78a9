"""A motor whose pose does not follow: it must never be driven on, and be taken back when it follows again."""

import pytest

from followspot.domain.obedience import LONGEST_REST_S, MotorWatch, Obedience

DT_S = 0.033


class Motor:
    """A motor `late_s` behind; `told` makes of its position what the dock says."""

    def __init__(self, told=lambda deg: deg, late_s=0.1):
        self.watch, self.told, self.deg = MotorWatch(), told, 0.0
        self._asked = [0.0] * round(late_s / DT_S)

    def drive(self, wanted_dps, seconds):
        """The rates that were allowed."""
        allowed = []
        for _ in range(round(seconds / DT_S)):
            allowed.append(self.watch.allowed(wanted_dps, self.told(self.deg), DT_S))
            self._asked.append(allowed[-1])
            self.deg += self._asked.pop(0) * DT_S
        return allowed


@pytest.mark.parametrize("late_s", [0.04, 0.1, 0.3])
@pytest.mark.parametrize("rate_dps", [1.0, 20.0, 90.0, -60.0])
def test_a_motor_that_follows_is_never_doubted(late_s, rate_dps):
    motor = Motor(late_s=late_s)
    for way in (1, -1, 1):
        assert set(motor.drive(way * rate_dps, 1.5)) == {way * rate_dps}


def test_a_weak_motor_is_not_doubted():
    assert set(Motor(told=lambda deg: 0.5 * deg).drive(40.0, 3.0)) == {40.0}


@pytest.mark.parametrize("told", [lambda deg: 5.0, lambda deg: -deg], ids=["stands", "mirrored"])
@pytest.mark.parametrize("rate_dps", [5.0, 45.0, -90.0])
def test_a_motor_whose_pose_does_not_follow_stays_near_for_ever(told, rate_dps):
    motor = Motor(told)
    motor.drive(rate_dps, 3.0)
    assert motor.watch.doubted
    assert abs(motor.deg) < 60.0
    at = motor.deg
    motor.drive(rate_dps, 60.0)
    assert abs(motor.deg - at) < 6.0, "trials to either side lead nowhere"


def test_trials_become_rare_and_a_motor_that_follows_again_is_taken_back():
    held = [True]
    motor = Motor(lambda deg: 0.0 if held[0] else deg)
    motor.drive(30.0, 40.0)
    tried = [rate != 0 for rate in motor.drive(30.0, 2 * LONGEST_REST_S)]
    assert 0 < sum(tried) / len(tried) < 0.2
    held[0], motor.deg = False, 0.0
    motor.drive(30.0, LONGEST_REST_S + 1.0)
    assert motor.watch.state is Obedience.OBEYS
    assert motor.drive(30.0, 0.1)[-1] == 30.0


def test_a_motor_at_rest_is_never_doubted():
    assert not any(Motor(lambda deg: 3.0).drive(0.0, 60.0))
