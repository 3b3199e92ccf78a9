"""A clock and a registry for the parts of the app."""

import time
from datetime import UTC, datetime

import pytest

from followspot.domain.alerts import AlertRegistry


class TestClock:
    """Monotonic time as it is, wall time that stands."""

    __test__ = False

    def monotonic_ns(self) -> int:
        return time.monotonic_ns()

    def utc_now(self) -> datetime:
        return datetime(2026, 1, 2, tzinfo=UTC)


@pytest.fixture
def clock() -> TestClock:
    return TestClock()


@pytest.fixture
def alerts() -> AlertRegistry:
    return AlertRegistry()
