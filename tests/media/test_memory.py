"""What a lesson's threads took is there for the next lesson, and goes back to the kernel at the end."""

import gc
import subprocess
import sys
import time

import pytest

from followspot.domain.recording import LessonPlan
from followspot.media.notices import RecorderStopped, RecordingStarted
from followspot.media.recording import Recording

CHILD = """
import threading
from pathlib import Path

from followspot.media.memory import give_back_memory, keep_frame_memory

MIB = 1 << 20


def resident_mib():
    status = dict(line.split(":") for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["RssAnon"].split()[0]) // 1024


def use():
    frames = [bytearray(b"x" * 3 * MIB) for _ in range(10)]
    ready.wait()  # every thread of a lesson lives at the same time
    del frames


keep_frame_memory()
begun = resident_mib()
for _ in range(4):
    ready = threading.Barrier(3)
    threads = [threading.Thread(target=use) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
kept = resident_mib()
give_back_memory()
print(kept - begun, resident_mib() - begun)
"""


def test_memory_does_not_grow_with_threads_and_is_given_back():
    done = subprocess.run([sys.executable, "-c", CHILD], capture_output=True, text=True, check=True, timeout=60)
    kept_mib, left_mib = map(int, done.stdout.split())
    assert kept_mib < 80
    assert left_mib < 10


@pytest.mark.realtime
@pytest.mark.parametrize("picture", ["framed", "both"])
def test_a_lesson_that_ended_keeps_no_pictures(picture, show, serve, make_settings, recorder, notices, sink):
    """Not even until the collector of circles comes by, which in a quiet daemon may take many lessons."""
    r = recorder(make_settings(serve(show.camera).url, recording={"picture": picture}))
    gc.collect()
    gc.disable()
    try:
        r.start(LessonPlan("x"), sink)
        notices.wait(RecordingStarted)
        time.sleep(0.3)
        r.stop()
        notices.wait(RecorderStopped)
        r.join(5)
        assert not [one for one in gc.get_objects() if isinstance(one, Recording)]
    finally:
        gc.enable()
