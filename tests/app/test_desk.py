"""The desk: what each command does, and why it may be refused."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from followspot.app.desk import Desk
from followspot.control.session import SessionStatus
from followspot.domain.commands import check_expiry, parse_command
from followspot.domain.errors import CommandRefusedError, DiskFullError
from followspot.domain.republish import Republished, RepublishFrom, RepublishLesson
from followspot.domain.session import SessionState
from followspot.domain.statement import LessonDetails

NOW = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
EPOCH = "0190-epoch"
IDLE, THREE = SessionStatus(), Republished(3, 5, 9, EPOCH)


@dataclass
class Office:
    """Session, storage and dock as the desk sees them."""

    status: SessionStatus = IDLE
    synced: bool = True
    has_dock: bool = True
    again: Republished = THREE
    disk_full: bool = False
    epoch: str = EPOCH
    started: list[LessonDetails] = field(default_factory=list)
    wanted: list[object] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.desk = Desk(
            self,  # type: ignore[arg-type]
            lambda: {"session": "idle"},
            self,
            None,  # type: ignore[arg-type]  # nothing here is asked of the dock
            lambda: self.has_dock,
            lambda command: check_expiry(command, NOW, synced=self.synced),
        )

    def start(self, source: str, details: LessonDetails) -> str:
        assert source == "test"
        self.started.append(details)
        return "lesson-1"

    async def republish(self, wanted: RepublishFrom | RepublishLesson) -> Republished:
        if self.disk_full:
            raise DiskFullError("no space left")
        self.wanted.append(wanted)
        return self.again

    async def take(self, raw: str):
        return await self.desk.take(parse_command(raw.encode()), "test")


async def test_a_start_says_what_is_known_of_the_lesson() -> None:
    office = Office()
    await office.take(
        '{"name":"start","lesson_code":"4b-maths","title":"Brüche","teacher":"A. B.",'
        '"consent":{"filming":"form 12"},"planned_length_s":2700}'
    )
    await office.take('{"name":"start"}')
    assert office.started == [
        LessonDetails(
            lesson_code="4b-maths",
            title="Brüche",
            teacher="A. B.",
            consent={"filming": "form 12"},
            planned_length_s=2700,
        ),
        LessonDetails(),
    ]


@pytest.mark.parametrize(
    "said",
    ['"title":"a\\nb"', '"title":""', f'"title":"{"x" * 201}"', '"planned_length_s":0', '"consent":{"a b":"c"}',
     '"planned_length_s":45.5', '"expires":1700000000', '"expires":"2026-03-02T09:00:00"'],
)  # fmt: skip
async def test_what_is_wrong_about_a_lesson_is_refused(said: str) -> None:
    with pytest.raises(CommandRefusedError) as refusal:
        await Office().take(f'{{"name":"start",{said}}}')
    assert refusal.value.code == "invalid"


async def test_a_command_that_comes_too_late_is_not_carried_out() -> None:
    office = Office()
    soon, past = ((NOW + timedelta(seconds=seconds)).isoformat() for seconds in (5, -5))
    await office.take(f'{{"name":"start","expires":"{soon}"}}')
    with pytest.raises(CommandRefusedError) as late:
        await office.take(f'{{"name":"start","expires":"{past}"}}')
    office.synced = False
    with pytest.raises(CommandRefusedError) as unknown:
        await office.take(f'{{"name":"start","expires":"{soon}"}}')
    await office.take('{"name":"start"}')
    assert (late.value.code, unknown.value.code, len(office.started)) == ("expired", "clock-not-set", 2)


async def test_events_are_sent_again() -> None:
    office = Office()
    answer = await office.take('{"name":"republish","from_sequence":5,"id":"7"}')
    assert (answer.id, answer.text) == ("7", "3 events are sent again")
    assert answer.data == {"count": 3, "from": 5, "newest": 9, "epoch": EPOCH, "oldest": 1, "gone": 0}
    await office.take(f'{{"name":"republish","lesson_id":"l-1","epoch":"{EPOCH}"}}')
    assert office.wanted == [RepublishFrom(5), RepublishLesson("l-1")]


@pytest.mark.parametrize(
    ("said", "office", "code"),
    [
        ('"from_sequence":5,"epoch":"another"', Office(), "other-epoch"),
        ('"lesson_id":"nobody"', Office(again=Republished(0, None, 9, EPOCH)), "unknown-lesson"),
        ('"lesson_id":"l-1"', Office(disk_full=True), "disk-failed"),
        ('"lesson_id":"l-1","from_sequence":5', Office(), "invalid"),
        ('"epoch":"e"', Office(), "invalid"),
    ],
)
async def test_events_that_cannot_be_sent_again(said: str, office: Office, code: str) -> None:
    with pytest.raises(CommandRefusedError) as refusal:
        await office.take(f'{{"name":"republish",{said}}}')
    assert refusal.value.code == code


async def test_nothing_newer_is_no_fault() -> None:
    office = Office(again=Republished(0, None, 9, EPOCH))
    answer = await office.take('{"name":"republish","from_sequence":10}')
    assert answer.data == {"count": 0, "from": None, "newest": 9, "epoch": EPOCH, "oldest": 1, "gone": 0}


async def test_who_asks_hears_what_is_forgotten() -> None:
    office = Office(again=Republished(3, 2, 9, EPOCH, kept_from=8, gone=5))
    answer = await office.take('{"name":"republish","from_sequence":2}')
    assert answer.text == "3 events are sent again; 5 are not kept any more, from number 8 on none is missing"
    assert answer.data == {"count": 3, "from": 2, "newest": 9, "epoch": EPOCH, "oldest": 8, "gone": 5}


async def test_the_dock_turns_home_between_lessons() -> None:
    assert (await Office().take('{"name":"home"}')).accepted


@pytest.mark.parametrize(
    ("office", "code"),
    [
        (Office(has_dock=False), "no-dock"),
        (Office(SessionStatus(SessionState.RECORDING, "l-1", "panel")), "already-recording"),
    ],
)
async def test_the_dock_does_not_turn_home(office: Office, code: str) -> None:
    with pytest.raises(CommandRefusedError) as refusal:
        await office.take('{"name":"home"}')
    assert refusal.value.code == code
