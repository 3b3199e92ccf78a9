"""The uploader notices what it never heard, asks the box for it, and says so where that is in vain; time by hand."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from followspot_upload.announced import MediaFile
from followspot_upload.histories import Histories
from followspot_upload.jobs import Jobs, JobState
from followspot_upload.told import Stamp, read_told
from followspot_upload.watch import ANSWER_TIMEOUT_S, ATTEMPTS, TURN_S, Watch

BOX, EPOCH, LESSON, STORE = "box-7", "epoch-a", "l-1", "s3://lessons"
QUIET_S = 1800.0


@dataclass
class Bench:
    """A watch and all that it asks."""

    folder: Path
    shared: bool = False
    now_s: float = 1000.0
    is_open: bool = True
    is_connected: bool = True
    asked: list[dict[str, Any]] = field(default_factory=list)
    correlation: bytes = b""

    def __post_init__(self) -> None:
        self.jobs, self.histories = Jobs(self.folder), Histories(self.folder)
        self.watch = Watch(
            *(self.histories, self.jobs, STORE, self.ask),
            *(lambda: self.is_open, lambda: self.is_connected, lambda: self.now_s),
            shared=self.shared,
            quiet_s=QUIET_S,
        )

    def ask(self, device: str, wanted: bytes, correlation: bytes) -> None:
        assert device == BOX
        self.asked.append(json.loads(wanted))
        self.correlation = correlation

    def hear(self, sequence: int, kind: str = "gap", epoch: str = EPOCH, **data: object) -> None:
        said = {"source": f"urn:followspot:{BOX}", "type": kind, "sequence": str(sequence), "epoch": epoch}
        self.watch.hear(read_told(json.dumps({**said, "data": {"lesson_id": LESSON, **data}}).encode()))

    def hear_stored(self, sequence: int, index: int, lesson_id: str = LESSON, store: str = STORE) -> None:
        place = {"sha256": "ab", "store": store, "key": f"k/{index}"}
        self.hear(sequence, "segment.stored", lesson_id=lesson_id, index=index, **place)

    def take_on(self, index: int, state: JobState = JobState.DONE) -> None:
        media = MediaFile(BOX, LESSON, index, f"{LESSON}/{index}", "ab", 1)
        self.jobs.add(media)
        self.jobs.set_state((BOX, LESSON, index), state)

    def answer(self, code: str = "ok", **data: object) -> None:
        said = {"accepted": code == "ok", "code": code, "text": f"because of {code}", "data": data}
        self.watch.answer(BOX, json.dumps(said).encode(), self.correlation)

    def wait(self, seconds: float) -> list[dict[str, Any]]:
        """Look now and then for so long; what is asked meanwhile."""
        before = len(self.asked)
        until_s = self.now_s + seconds
        while self.now_s < until_s:
            self.now_s = min(until_s, self.now_s + max(0.5, seconds / 200))
            self.watch.look()
        return self.asked[before:]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.jobs.close()
    made.histories.close()


@pytest.fixture
def one_of_many(bench: Bench) -> Bench:
    bench.watch._shared = True
    return bench


def test_a_hole_is_asked_for_until_it_is_filled(bench: Bench) -> None:
    for sequence in (1, 2, 5):
        bench.hear(sequence)
    assert bench.wait(5) == [{"from_sequence": 3, "epoch": EPOCH}]
    bench.answer(count=3, oldest=1, gone=0)
    assert len(bench.wait(2 * ANSWER_TIMEOUT_S)) == 1, "it did not come: again"
    bench.hear(3)
    assert bench.wait(10 * ANSWER_TIMEOUT_S)[0] == {"from_sequence": 4, "epoch": EPOCH}
    bench.hear(4)
    bench.hear(6)
    assert bench.wait(10_000) == []


def test_what_is_only_late_is_not_asked_for(bench: Bench) -> None:
    for sequence in (1, 3, 2):
        bench.hear(sequence)
    assert bench.wait(100) == []


def test_of_a_box_that_was_never_heard_of_all_is_asked_for(bench: Bench) -> None:
    bench.hear(57)
    assert bench.wait(5) == [{"from_sequence": 1, "epoch": EPOCH}]


def test_what_the_box_has_forgotten_is_said_and_no_longer_asked_for(bench: Bench, caplog) -> None:
    bench.hear(57)
    bench.wait(5)
    bench.answer(count=10, oldest=50, gone=46)
    assert "box-7 has forgotten events before number 50: 49 that were missed here" in caplog.text
    for sequence in range(50, 57):
        bench.hear(sequence)
    assert bench.wait(10_000) == []


def test_the_numbers_of_another_database_are_given_up(bench: Bench, caplog) -> None:
    bench.hear(1)
    bench.hear(4)
    bench.hear(1, epoch="epoch-b")
    bench.wait(5)
    bench.answer("other-epoch")
    assert "2 events of box-7 are lost" in caplog.text
    assert bench.wait(10_000) == []


def test_a_box_that_is_away_is_asked_when_it_is_back(bench: Bench) -> None:
    bench.watch.availability(BOX, b'{"state":"offline"}')
    bench.hear(2)
    assert bench.wait(100) == []
    bench.watch.availability(BOX, b'{"state":"online"}')
    assert len(bench.wait(1)) == 1


def test_in_vain_it_is_said_and_given_up(bench: Bench, caplog) -> None:
    bench.hear(2)
    assert len(bench.wait(24 * 3600)) == ATTEMPTS
    assert caplog.text.count("still missing of box-7") == 1
    assert caplog.text.count("1 events of box-7 never come here, numbers 1 to 1: given up") == 1
    bench.hear(4)
    assert bench.wait(5) == [{"from_sequence": 3, "epoch": EPOCH}], "another one is another matter"


def test_a_lesson_in_vain_is_asked_for_more_and_more_rarely(bench: Bench, caplog) -> None:
    bench.hear(1, "lesson.completed", segments=2)
    assert 8 <= len(bench.wait(24 * 3600)) <= 20
    assert caplog.text.count("still missing of box-7") == 1


def test_without_a_broker_nothing_is_asked(bench: Bench) -> None:
    bench.hear(2)
    bench.is_connected = False
    assert bench.wait(3600) == []
    bench.is_connected = True
    assert len(bench.wait(3)) == 1


def test_a_segment_that_was_never_announced_here_is_asked_for_at_once(bench: Bench) -> None:
    bench.take_on(0)
    bench.take_on(-1)
    bench.hear(1, "lesson.completed", segments=2)
    assert bench.wait(5) == [{"lesson_id": LESSON}]
    bench.take_on(1)
    bench.hear(2, "lesson.stored")
    assert bench.wait(10 * QUIET_S) == []


def test_what_is_being_uploaded_is_not_asked_for(bench: Bench) -> None:
    bench.take_on(0, JobState.WAITING)
    bench.hear(1, "lesson.completed", segments=1)
    assert bench.wait(10 * QUIET_S) == []


def test_a_lesson_that_the_box_does_not_know_is_given_up(bench: Bench, caplog) -> None:
    bench.hear(1, "lesson.completed", segments=2)
    bench.wait(5)
    bench.answer("unknown-lesson")
    assert "the lesson l-1 cannot be made whole" in caplog.text
    assert bench.wait(10 * QUIET_S) == []


def test_a_lesson_of_which_a_part_was_deleted_unstored_is_given_up(bench: Bench, caplog) -> None:
    bench.hear(1, "lesson.completed", segments=2)
    bench.hear(2, "segment.deleted", index=0, stored=False)
    assert "deleted before it was stored" in caplog.text
    assert bench.wait(10 * QUIET_S) == []


def test_in_a_share_the_others_are_given_time(one_of_many: Bench) -> None:
    bench = one_of_many
    bench.take_on(0)
    bench.hear(1, "lesson.completed", segments=3)
    bench.hear_stored(2, 1)
    assert bench.wait(QUIET_S - 10) == []
    bench.hear_stored(3, 9, lesson_id="l-0")
    assert bench.wait(QUIET_S - 10) == [], "somebody is still at an older lesson"
    bench.hear_stored(4, 9, lesson_id="l-2")
    assert bench.wait(60) == [{"lesson_id": LESSON}], "a newer one says nothing"


def test_in_a_share_one_asks_first(one_of_many: Bench) -> None:
    one_of_many.hear(2)
    assert len(one_of_many.wait(TURN_S + 2)) == 1


def test_outside_of_its_hours_nothing_is_late(bench: Bench) -> None:
    bench.take_on(0)
    bench.hear(1, "lesson.completed", segments=1)
    bench.is_open = False
    assert bench.wait(10 * QUIET_S) == []
    bench.is_open = True
    assert bench.wait(QUIET_S - 10) == []
    assert bench.wait(20) == [{"lesson_id": LESSON}], "announced, stored, and the box has not said that it is whole"


def test_what_another_uploader_stored_is_not_uploaded_again(one_of_many: Bench) -> None:
    bench = one_of_many
    bench.hear_stored(1, 0)
    bench.hear_stored(2, 1, store="s3://elsewhere")
    for index in (0, 1):
        bench.jobs.add(MediaFile(BOX, LESSON, index, f"{LESSON}/{index}", "ab", 1))
    assert [job.media.index for job in bench.jobs.waiting(9)] == [1]
    assert [(job.media.index, job.key) for job in bench.jobs.stored(9)] == [(0, "k/0")]


@settings(max_examples=30)
@given(st.lists(st.integers(1, 40)))
def test_exactly_what_was_not_heard_is_missing(tmp_path_factory, heard: list[int]) -> None:
    histories = Histories(tmp_path_factory.mktemp("holes"))
    for sequence in heard:
        histories.note(Stamp(BOX, EPOCH, sequence))
    rows = histories._connection.execute("SELECT first, last FROM holes").fetchall()
    missing = {number for row in rows for number in range(row["first"], row["last"] + 1)}
    assert missing == set(range(1, max(heard, default=0))) - set(heard)
    assert sum(one.count for one in histories.missing()) == len(missing)
    histories.close()


@pytest.mark.parametrize(
    "wrong", [{"sequence": "0"}, {"sequence": str(2**63)}, {"sequence": "x"}, {"epoch": "e" * 65}, {"data": 7}]
)
def test_an_event_that_cannot_be_is_passed_over(wrong: dict[str, object]) -> None:
    event = {"source": "urn:followspot:b", "type": "lesson.completed", "sequence": "1", "epoch": "e"}
    with pytest.raises(ValueError, match="not an event of a Followspot"):
        read_told(json.dumps({**event, "data": {"lesson_id": "l"}, **wrong}).encode())


def test_a_total_that_cannot_be_is_passed_over() -> None:
    event = {"source": "urn:followspot:b", "type": "lesson.completed", "data": {"lesson_id": "l", "segments": 10**30}}
    with pytest.raises(ValueError, match="there are not"):
        read_told(json.dumps(event).encode())
