"""control.sock: JSON lines in, answers out, whatever comes."""

import asyncio
import json

import pytest

from followspot.app.control_socket import ControlSocket
from followspot.control.refusals import NotRecordingError
from followspot.domain.commands import MAX_COMMAND_BYTES, Answer, StartCommand


async def take(command) -> Answer:
    if isinstance(command, StartCommand):
        return Answer(id=command.id, accepted=True, code="ok", text="starts")
    raise NotRecordingError("no lesson is being recorded")


@pytest.fixture
async def path(tmp_path):
    path = tmp_path / "run" / "control.sock"
    task = asyncio.create_task(ControlSocket(path, take).run())
    while not path.exists() or path.stat().st_mode & 0o777 != 0o660:  # noqa: ASYNC110 - only the file tells
        await asyncio.sleep(0.005)
    yield path
    task.cancel()
    await asyncio.wait([task])
    assert not path.exists()


async def answers(path, *lines: bytes) -> list[dict]:
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(b"".join(line + b"\n" for line in lines))
    writer.write_eof()
    received = await asyncio.wait_for(reader.read(), 2)
    writer.close()
    await writer.wait_closed()
    return [json.loads(line) for line in received.splitlines()]


async def test_a_command_is_answered(path):
    [answer] = await answers(path, b'{"name": "start", "id": "7"}')
    assert answer == {"id": "7", "accepted": True, "code": "ok", "text": "starts", "data": None}


async def test_several_commands_on_one_connection(path):
    first, second = await answers(path, b'{"name": "start", "id": "1"}', b'{"name": "stop", "id": "2"}')
    assert first["accepted"]
    assert (second["id"], second["code"]) == ("2", "not-recording")


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"hello", "bad-json"),
        (b"", "bad-json"),
        (b"[]", "bad-json"),
        (b'{"name": "dance", "id": "1"}', "unknown-command"),
        (b'{"name": "start", "id": 1}', "invalid"),
        (b"\xff\xfe", "bad-json"),
    ],
)
async def test_nonsense_is_refused_and_the_connection_lives_on(path, line, code):
    refused, accepted = await answers(path, line, b'{"name": "start", "id": "1"}')
    assert (refused["accepted"], refused["code"]) == (False, code)
    assert accepted["accepted"]


async def test_an_endless_line_ends_the_connection_and_nothing_else(path):
    assert await answers(path, b"x" * (MAX_COMMAND_BYTES * 2)) == []
    [answer] = await answers(path, b'{"name": "start", "id": "1"}')
    assert answer["accepted"]


async def test_a_client_that_only_connects_does_not_keep_it_from_ending(path):
    _, writer = await asyncio.open_unix_connection(path)
    await asyncio.sleep(0.01)
    writer.close()


async def test_a_socket_left_by_a_killed_daemon_is_replaced(tmp_path):
    (tmp_path / "control.sock").touch()
    task = asyncio.create_task(ControlSocket(tmp_path / "control.sock", take).run())
    while not (tmp_path / "control.sock").is_socket():  # noqa: ASYNC110 - only the file tells
        await asyncio.sleep(0.005)
    task.cancel()
    await asyncio.wait([task])
