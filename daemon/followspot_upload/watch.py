"""Notices what the broker or an uploader lost, asks the device for it again, and says so where that is in vain.

Two things show a loss. The numbers of the events have no holes, so whoever hears all of them sees one. And a lesson
that is completed is stored whole some day: the device itself says so, whoever of the uploaders stored it.
"""

import json
import logging
import random
import secrets
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass

from followspot_upload.histories import Histories, Missing
from followspot_upload.jobs import Jobs, JobState
from followspot_upload.told import Closed, Completed, StoredCopy, Told

PERIOD_S = 1.0
ANSWER_TIMEOUT_S = 30.0
"""A device answers within a second; after this it is asked again, as after an answer that helped nothing."""
SOON_S = 1.0
"""What is only late, such as an event that another one overtook, comes within this."""
TURN_S = 15.0
"""Of several uploaders one asks first, by chance; what comes then is what the others miss as well."""
LONGEST_S = 6 * 3600.0
ATTEMPTS = 6
"""So often numbers are asked for, within a quarter of an hour: each time all that came after them comes again."""
SETTLED = frozenset({JobState.DONE, JobState.GONE, JobState.REFUSED})

_log = logging.getLogger(__name__)

Key = tuple[str, ...]
"""(device, "epoch", epoch) or (device, "lesson", lesson_id)."""


@dataclass(slots=True)
class _Ask:
    """When something that is missing is asked for next, and how often it was."""

    due_s: float
    attempts: int = 0
    correlation: bytes = b""


class Watch:
    """`run` has a thread of its own; the rest is called from any.

    `ask(device, wanted, correlation)` publishes `republish`. `store`: what we call ours. `shared`: other uploaders take
    a part of the files, so that a file that was never announced here may be theirs. `quiet_s`: a lesson of which nobody
    stored anything for so long is asked for. `is_connected`: whether a question would reach the broker now.
    """

    def __init__(
        self,
        histories: Histories,
        jobs: Jobs,
        store: str,
        ask: Callable[[str, bytes, bytes], None],
        is_open: Callable[[], bool],
        is_connected: Callable[[], bool],
        now_s: Callable[[], float],
        *,
        shared: bool,
        quiet_s: float,
    ) -> None:
        self._histories = histories
        self._jobs = jobs
        self._store = store
        self._send = ask
        self._is_open = is_open
        self._is_connected = is_connected
        self._now_s = now_s
        self._shared = shared
        self._quiet_s = quiet_s
        self._lock = threading.Lock()
        self._asks: dict[Key, _Ask] = {}
        self._absent: set[str] = set()
        self._stored_s: dict[str, float] = {}
        """When somebody stored something of a lesson, lately."""
        self._began_s = now_s()
        """Since when uploads may have gone on."""
        self._stopped = threading.Event()

    def hear(self, told: Told) -> None:
        """A device has told something. Raises sqlite3.Error."""
        if told.stamp is not None and self._histories.note(told.stamp):
            with self._lock:
                self._postpone((told.device, "epoch", told.stamp.epoch))
        match told.news:
            case Completed():
                self._histories.expect(told.news)
            case StoredCopy() as copy:
                if copy.store == self._store:
                    self._jobs.note_copy(copy)
                with self._lock:
                    self._stored_s[copy.lesson_id] = self._now_s()
            case Closed(device, lesson_id, lost):
                if self._histories.close_lesson(device, lesson_id) and lost:
                    _log.error("a part of a lesson was deleted before it was stored device=%s %s", device, lesson_id)

    def availability(self, device: str, payload: bytes) -> None:
        """A device has come or gone."""
        with self._lock:
            if json.loads(payload).get("state") == "online":
                self._absent.discard(device)
            else:
                self._absent.add(device)

    def answer(self, device: str, payload: bytes, correlation: bytes | None) -> None:
        """A device has answered; whatever does not answer us is passed over."""
        with self._lock:
            asked = ((key, ask) for key, ask in self._asks.items() if ask.correlation)
            found = [key for key, ask in asked if key[0] == device and ask.correlation == correlation]
        if not found:
            return
        answer = json.loads(payload)
        kind, name = found[0][1:]
        if answer.get("accepted"):
            self._log_again(found[0], answer.get("data") or {})
        elif answer.get("code") == "other-epoch" and kind == "epoch":
            count = self._histories.give_up(device, name, 2**63 - 1)
            _log.error("%d events of %s are lost: it has a new database since, %s", count, device, answer.get("text"))
        elif answer.get("code") == "unknown-lesson" and kind == "lesson":
            self._histories.close_lesson(device, name)
            _log.error("the lesson %s cannot be made whole, %s says: %s", name, device, answer.get("text"))
        else:
            _log.error("%s does not send again what is missing (%s): %s", device, name, answer.get("text"))

    def stop(self) -> None:
        """End `run`."""
        self._stopped.set()

    def run(self) -> None:
        """Look now and then until stopped; a disk that refuses is tried again."""
        refused = False
        while not self._stopped.wait(PERIOD_S):
            try:
                self.look()
            except sqlite3.Error as error:
                if not refused:
                    _log.error("what is missing cannot be looked for now: %s", error)
                refused = True
            else:
                refused = False

    def look(self) -> None:
        """Look once."""
        if not self._is_connected():
            return
        now_s = self._now_s()
        if not self._is_open():
            self._began_s = now_s
        with self._lock:
            self._stored_s = {one: at_s for one, at_s in self._stored_s.items() if now_s - at_s < self._quiet_s}
        wanted = {(one.device, "epoch", one.epoch): one for one in self._histories.missing()}
        for key, missing in wanted.items():
            if not self._is_in_vain(key, missing):
                self._ask_in_time(key, ANSWER_TIMEOUT_S, _from(missing))
        lessons = {(one.device, "lesson", one.lesson_id): one for one in self._histories.expected()}
        for key, lesson in lessons.items():
            self._look_at(key, lesson)
        with self._lock:
            self._asks = {key: ask for key, ask in self._asks.items() if key in wanted or key in lessons}

    def _is_in_vain(self, key: Key, missing: Missing) -> bool:
        """Whether these numbers were asked for often enough; then they are given up."""
        with self._lock:
            ask = self._asks.get(key)
            if ask is None or ask.attempts < ATTEMPTS or ask.due_s > self._now_s():
                return False
            del self._asks[key]
        self._histories.give_up(missing.device, missing.epoch, missing.last + 1)
        _log.error(
            "%d events of %s never come here, numbers %d to %d: given up. See whether the broker's access rules and "
            "limits let this uploader have all events",
            *(missing.count, missing.device, missing.first, missing.last),
        )
        return True

    def _look_at(self, key: Key, lesson: Completed) -> None:
        """A lesson that is not stored whole: asked for when nobody seems to be at it."""
        states = self._jobs.of_lesson(lesson.device, lesson.lesson_id)
        known = sum(index >= 0 for index in states)
        if any(state not in SETTLED for state in states.values()):
            with self._lock:
                self._postpone(key)  # we are at it ourselves
            return
        is_ours = not self._shared and lesson.segments is not None and known < lesson.segments
        if not is_ours:
            self._await_quiet(key, lesson.lesson_id)
        self._ask_in_time(key, ANSWER_TIMEOUT_S if is_ours else self._quiet_s, {"lesson_id": lesson.lesson_id})

    def _await_quiet(self, key: Key, lesson_id: str) -> None:
        """Files go oldest lesson first: who stores an older one may have this one still before him."""
        wait_s = self._quiet_s + (random.uniform(0, self._quiet_s) if self._shared else 0.0)
        with self._lock:
            stored_s = [at_s for one, at_s in self._stored_s.items() if one <= lesson_id]
            ask = self._asks.setdefault(key, _Ask(self._now_s() + wait_s))
            ask.due_s = max([ask.due_s, *(at_s + self._quiet_s for at_s in (self._began_s, *stored_s))])

    def _ask_in_time(self, key: Key, again_s: float, wanted: dict[str, object]) -> None:
        now_s = self._now_s()
        with self._lock:
            ask = self._asks.setdefault(key, _Ask(now_s + self._first_wait_s()))
            if ask.due_s > now_s or key[0] in self._absent:
                return
            ask.attempts += 1
            ask.due_s = now_s + min(LONGEST_S, again_s * 2.0 ** min(ask.attempts - 1, 16))
            attempts, correlation = ask.attempts, secrets.token_bytes(8)
            ask.correlation = correlation
        if attempts == 1:
            _log.warning("missing of %s: %s; asking for it again", key[0], wanted)
        elif attempts == 3:
            _log.error("still missing of %s, asked for twice: %s; nothing that helps comes here", key[0], wanted)
        self._send(key[0], json.dumps(wanted).encode(), correlation)

    def _postpone(self, key: Key) -> None:
        """What was missing comes: nothing is asked for before that has ended."""
        ask = self._asks.get(key)
        if ask is not None:
            ask.due_s = max(ask.due_s, self._now_s() + self._first_wait_s())

    def _first_wait_s(self) -> float:
        return SOON_S + (random.uniform(0, TURN_S) if self._shared else 0.0)

    def _log_again(self, key: Key, data: dict[str, object]) -> None:
        device, kind, name = key
        oldest = data.get("oldest")
        if kind == "epoch" and isinstance(oldest, int) and data.get("gone"):
            count = self._histories.give_up(device, name, oldest)
            _log.warning("%s has forgotten events before number %d: %d that were missed here", device, oldest, count)
        _log.info("%s sends %s events again", device, data.get("count"))


def _from(missing: Missing) -> dict[str, object]:
    return {"from_sequence": missing.first, "epoch": missing.epoch}
