"""Commands as bytes: whatever comes in, there is a command or a refusal with a closed code."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from followspot.domain.commands import (
    COMMAND_NAMES,
    BadJsonError,
    InvalidCommandError,
    StartCommand,
    StopCommand,
    UnknownCommandError,
    parse_command,
    readable_id,
)
from followspot.domain.errors import CommandRefusedError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
NEAR_COMMANDS = st.fixed_dictionaries(
    {},
    optional={
        "id": JSON | st.sampled_from(["1", "a" * 65, "a b"]),
        "name": JSON | st.sampled_from(COMMAND_NAMES),
        "also": JSON,
    },
)


def test_the_topic_names_the_command_and_the_id_may_be_left_out() -> None:
    assert parse_command(b'{"name": "start", "id": "0190-a"}', "start") == StartCommand(id="0190-a", name="start")
    assert parse_command(b"{}", "start") == StartCommand(name="start")


def test_without_a_topic_the_name_alone_decides() -> None:
    assert parse_command(b'{"name": "stop", "id": "1"}') == StopCommand(id="1", name="stop")


@pytest.mark.parametrize(
    ("raw", "error", "words"),
    [
        (b"", BadJsonError, "not JSON"),
        (b"\xff\xfe", BadJsonError, "not JSON"),
        (b"[" * 5000, BadJsonError, "not JSON"),
        (b'{"id": NaN}', BadJsonError, "not JSON"),
        (b"[]", BadJsonError, "not an object"),
        (b" " * 17_000, BadJsonError, "16384"),
        (b'{"name": ["start"], "id": "1"}', UnknownCommandError, "start, stop, .*status"),
        (b'{"name": "Start", "id": "1"}', UnknownCommandError, "'Start'"),
        (b'{"name": "start", "id": 1}', InvalidCommandError, "id: Input should be a valid string"),
        (b'{"name": "start", "id": "1", "loud": 1}', InvalidCommandError, "loud: Extra inputs"),
        (b'{"name": "start", "id": "1", "name": "stop"}', InvalidCommandError, "the topic says start"),
    ],
)
def test_refusals_say_what_is_wrong(raw: bytes, error: type[CommandRefusedError], words: str) -> None:
    with pytest.raises(error, match=words):
        parse_command(raw, "start")


def test_without_a_topic_the_name_is_needed() -> None:
    with pytest.raises(InvalidCommandError, match="name"):
        parse_command(b'{"id": "1"}')


@given(st.binary(max_size=200) | NEAR_COMMANDS.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_give_a_command_or_a_coded_refusal(raw: bytes) -> None:
    try:
        command = parse_command(raw)
    except CommandRefusedError as error:
        refusal = error
    else:
        assert parse_command(command.model_dump_json(exclude_none=True).encode(), command.name) == command
        assert readable_id(raw) == command.id
        return
    assert refusal.code in {"bad-json", "unknown-command", "invalid"}
    assert "\n" not in str(refusal)
    readable_id(raw)
