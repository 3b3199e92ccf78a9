"""Whether a motor does as it is told: one that does not must never be driven on.

A pose that stands still, runs the other way or belongs to another axis makes every correction a wrong one, and the
motor would run to its end stop. So what was asked is held against what the dock tells; a motor in doubt rests, and is
tried by small turns to either side in turn, which lead nowhere, until the pose follows them.
"""

import math
from collections import deque
from enum import Enum, auto

ANSWER_S = 0.4
"""From asking a rate to a pose that shows it: link, motor and the way back, also over a weak radio."""
DOUBT_DEG = 6.0
"""So much must have been asked for, one way, before a motor is doubted."""
DOUBT_SHARE = 0.2
"""A motor that has done less than this of it does not obey: weak ones and those near their end do more."""
REST_S, REST_GROWTH, LONGEST_REST_S = 0.4, 1.5, 5.0
"""Before the first trial, and more before each further one: something may just have held it."""
TRIAL_DPS, TRIAL_S = 8.0, 0.35
"""A trial: not quite three degrees, slowly."""
TRIAL_SHARE = 0.5
"""A motor that turns this share of it, the right way, obeys again."""


class Obedience(Enum):
    """What is thought of a motor."""

    OBEYS = auto()
    RESTS = auto()
    TRIED = auto()


class MotorWatch:
    """Watches one motor. Degrees, seconds."""

    def __init__(self) -> None:
        self.state = Obedience.OBEYS
        self._way = 0.0
        self._from_deg = 0.0
        self._since_s = 0.0
        self._rest_s = REST_S
        self._asked_deg = 0.0
        self._asked: deque[tuple[float, float]] = deque()

    @property
    def doubted(self) -> bool:
        """Whether the motor may not be driven as wanted."""
        return self.state is not Obedience.OBEYS

    def allowed(self, wanted_dps: float, at_deg: float, dt_s: float) -> float:
        """The rate that may be asked for now, when `wanted_dps` is wanted and the dock tells `at_deg`."""
        self._since_s += dt_s
        if self.state is Obedience.OBEYS:
            return self._watched(wanted_dps, at_deg, dt_s)
        if self.state is Obedience.RESTS:
            return self._resting(at_deg)
        return self._tried(at_deg)

    def _resting(self, at_deg: float) -> float:
        if self._since_s >= self._rest_s:
            self._way = -self._way
            self._rest_s = min(self._rest_s * REST_GROWTH, LONGEST_REST_S)
            self._begin(Obedience.TRIED, at_deg)
        return 0.0

    def _tried(self, at_deg: float) -> float:
        if self._way * (at_deg - self._from_deg) >= TRIAL_SHARE * TRIAL_DPS * TRIAL_S:
            self._rest_s = REST_S
            self._begin(Obedience.OBEYS, at_deg)
        elif self._since_s >= TRIAL_S + ANSWER_S:
            self._begin(Obedience.RESTS, at_deg)
        elif self._since_s < TRIAL_S:
            return self._way * TRIAL_DPS
        return 0.0

    def _watched(self, wanted_dps: float, at_deg: float, dt_s: float) -> float:
        way = math.copysign(1.0, wanted_dps) if wanted_dps else 0.0
        if way != self._way:
            self._way = way
            self._begin(Obedience.OBEYS, at_deg)
        if way * (at_deg - self._from_deg) < 0:
            self._from_deg = at_deg  # it still brakes from the other way
        self._asked_deg += abs(wanted_dps) * dt_s
        self._asked.append((self._since_s, self._asked_deg))
        while len(self._asked) > 1 and self._asked[1][0] <= self._since_s - ANSWER_S:
            self._asked.popleft()
        asked_s, due_deg = self._asked[0]
        answered = asked_s <= self._since_s - ANSWER_S and due_deg >= DOUBT_DEG
        if answered and way * (at_deg - self._from_deg) < DOUBT_SHARE * due_deg:
            self._begin(Obedience.RESTS, at_deg)
            return 0.0
        return wanted_dps

    def _begin(self, state: Obedience, at_deg: float) -> None:
        self.state, self._from_deg = state, at_deg
        self._since_s = self._asked_deg = 0.0
        self._asked.clear()
