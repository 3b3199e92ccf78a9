"""The vision thread: newest only, at its rate, and its death harms nobody."""

import threading
import time

import numpy as np
import pytest

from followspot.domain.analysis import AnalysisFrame
from followspot.domain.geometry import Aim
from followspot.domain.sighting import Hint
from followspot.settings.models import Settings, TrackingSettings
from followspot.vision.worker import VisionWorker


def frame(exposure_ns: int) -> AnalysisFrame:
    half = np.full((90, 160), 128, np.uint8)
    return AnalysisFrame(exposure_ns, np.full((180, 320), 90, np.uint8), half, half)


def wait_for(condition) -> bool:
    deadline = time.monotonic() + 3
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.005)
    return condition()


@pytest.fixture
def asked():
    return []


@pytest.fixture
def worker(asked):
    def hint(exposure_ns):
        asked.append(exposure_ns)
        return Hint(Aim(0, 0), None, False)

    worker = VisionWorker(Settings(), lambda _: None, hint, lambda message: None)
    worker.start()
    yield worker
    worker.stop()
    assert not any(t.name == "vision" for t in threading.enumerate())


def test_it_keeps_its_rate(worker, asked):
    for n in range(31):
        worker.submit(frame(n * 33_333_333))
        assert wait_for(lambda n=n: len(asked) >= 1 + n // 3)
    assert len(asked) == 11


def test_a_stopped_worker_takes_nothing():
    worker = VisionWorker(Settings(), lambda _: None, lambda _: None, lambda _: None)
    worker.submit(frame(0))
    worker.start()
    worker.stop()
    worker.submit(frame(0))
    worker.stop()


def test_vision_can_be_switched_off():
    settings = Settings(tracking=TrackingSettings(vision=False))
    worker = VisionWorker(settings, lambda _: None, lambda _: None, lambda _: None)
    worker.start()
    worker.submit(frame(0))
    assert not any(t.name == "vision" for t in threading.enumerate())
    worker.stop()


def test_a_failure_is_told_once_and_submitting_stays_harmless():
    def broken(exposure_ns):
        raise ValueError("no such lens")

    failures = []
    worker = VisionWorker(Settings(), lambda _: None, broken, failures.append)
    worker.start()
    worker.submit(frame(0))
    assert wait_for(lambda: bool(failures))
    worker.submit(frame(10**9))
    worker.stop()
    assert len(failures) == 1
    assert "no such lens" in failures[0]
