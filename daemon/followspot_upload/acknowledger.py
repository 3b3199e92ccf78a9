"""Tells the devices what the store has confirmed, until each of them has noted it."""

import json
import logging
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass

from followspot_upload.announced import MANIFEST_INDEX
from followspot_upload.jobs import Job, Jobs, JobState

WINDOW = 16
"""Acknowledgements in flight: a quarter of what a device lets wait."""
ANSWER_TIMEOUT_S = 30.0
"""A device answers within a second; one that writes to a slow card perhaps in ten."""
PERIOD_S = 0.5
REFUSALS = frozenset({"wrong-hash", "incomplete", "unknown-media", "invalid", "bad-json"})
"""Answers that repeating does not change."""
LOOKED_AT = 1000

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Sent:
    job_id: tuple[str, str, int]
    expires_s: float


class Acknowledger:
    """`send(device, payload, correlation)` publishes. `run` has a thread of its own; the rest is called from any."""

    def __init__(
        self, jobs: Jobs, store: str, send: Callable[[str, bytes, bytes], None], now_s: Callable[[], float]
    ) -> None:
        self._jobs = jobs
        self._store = store
        self._send = send
        self._now_s = now_s
        self._lock = threading.Lock()
        self._sent: dict[bytes, _Sent] = {}
        self._absent: set[str] = set()
        """Devices that said, or of which the broker said, that they are not there."""
        self._wanted = threading.Event()
        self._stopped = False

    def wake(self) -> None:
        """Something was stored."""
        self._wanted.set()

    def stop(self) -> None:
        """End `run`."""
        self._stopped = True
        self._wanted.set()

    def run(self) -> None:
        """Acknowledge what is stored until stopped."""
        while not self._stopped:
            self._send_due()
            self._wanted.wait(PERIOD_S)
            self._wanted.clear()

    def answer(self, device: str, payload: bytes, correlation: bytes | None) -> None:
        """A device has answered."""
        with self._lock:
            sent = self._sent.get(correlation or b"")
            if sent is None or sent.job_id[0] != device:
                return  # answered after we had given it up; the repetition is answered as well
            del self._sent[correlation or b""]
        answer = json.loads(payload)
        if answer.get("accepted"):
            self._jobs.set_state(sent.job_id, JobState.DONE)
        elif answer.get("code") in REFUSALS:
            self._jobs.set_state(sent.job_id, JobState.REFUSED)
            _log.error("the device refuses the acknowledgement of %s: %s", sent.job_id, answer.get("text"))
        else:
            with self._lock:
                self._sent[correlation or b""] = sent  # not now: again when this one expires
            return
        self._wanted.set()

    def availability(self, device: str, payload: bytes) -> None:
        """A device has come or gone: what it did not answer is sent again, or waits."""
        online = json.loads(payload).get("state") == "online"
        with self._lock:
            if not online:
                self._absent.add(device)
                return
            self._absent.discard(device)
            self._sent = {key: sent for key, sent in self._sent.items() if sent.job_id[0] != device}
        self._wanted.set()

    def _send_due(self) -> None:
        now_s = self._now_s()
        with self._lock:
            self._sent = {key: sent for key, sent in self._sent.items() if sent.expires_s > now_s}
            room = WINDOW - len(self._sent)
            in_flight = {sent.job_id for sent in self._sent.values()}
            absent = set(self._absent)
        if room <= 0:
            return
        due = [
            job for job in self._jobs.stored(LOOKED_AT) if job.id not in in_flight and job.media.device not in absent
        ]
        for job in due[:room]:
            correlation = secrets.token_bytes(8)  # answers to an earlier run may still be on their way
            with self._lock:
                self._sent[correlation] = _Sent(job.id, now_s + ANSWER_TIMEOUT_S)
            self._send(job.media.device, self._payload(job), correlation)

    def _payload(self, job: Job) -> bytes:
        file = {"sha256": job.media.sha256, "key": job.key}
        said: dict[str, object] = {"lesson_id": job.media.lesson_id, "store": self._store}
        if job.media.index == MANIFEST_INDEX:
            said["manifest"] = file
        else:
            # Only where there is something to quote: boxes of before would not know what it is.
            further = [one.sha256 for one in job.media.beside if one.quoted]
            said["segments"] = [{"index": job.media.index, **file, **({"beside": further} if further else {})}]
        return json.dumps(said).encode()
