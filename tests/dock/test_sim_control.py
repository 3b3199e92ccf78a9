"""The control socket answers in lines, says what was wrong, and is nobody else's."""

import asyncio
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from followspot_sim.control import ControlError, ControlServer, control_request


def press(request: dict[str, object]) -> dict[str, object]:
    if request["button"] != "marker":
        raise ValueError(f"no button {request['button']!r}")
    return {"pressed": request["button"]}


@pytest.fixture
async def control(tmp_path: Path) -> AsyncIterator[Path]:
    path = tmp_path / "control.sock"
    path.touch()  # left by an earlier run
    server = ControlServer(path, {"press": press, "status": lambda _: {"lamp": True}})
    await server.start()
    yield path
    await server.close()
    assert not path.exists()


async def test_request_and_answer(control: Path) -> None:
    assert await asyncio.to_thread(control_request, control, do="press", button="marker") == {"pressed": "marker"}
    assert await asyncio.to_thread(control_request, control, do="status") == {"lamp": True}


@pytest.mark.parametrize(
    ("request_fields", "why"),
    [
        ({"do": "press"}, "press needs 'button'"),
        ({"do": "press", "button": "red"}, "no button 'red'"),
        ({"do": "dance"}, "'dance' is nothing to do: one of press, status"),
        ({}, "None is nothing to do"),
    ],
)
async def test_errors_are_answered(control: Path, request_fields: dict[str, object], why: str) -> None:
    with pytest.raises(ControlError, match=why):
        await asyncio.to_thread(lambda: control_request(control, **request_fields))


async def test_several_lines_on_one_connection_and_bad_ones_among_them(control: Path) -> None:
    reader, writer = await asyncio.open_unix_connection(str(control))
    writer.write(b'nonsense\n[1]\n{"do": "status"}\n')
    assert b"not JSON" in await reader.readline()
    assert b"nothing to do" in await reader.readline()
    assert await reader.readline() == b'{"lamp": true}\n'
    writer.write(b"x" * 200_000)
    assert await reader.readline() == b'{"error": "the line is too long"}\n'
    writer.close()
    await writer.wait_closed()


async def test_only_our_user_may_ask(control: Path) -> None:
    assert stat.S_IMODE(control.stat().st_mode) == 0o600


async def test_close_ends_a_connection_that_lingers(tmp_path: Path) -> None:
    server = ControlServer(tmp_path / "control.sock", {})
    await server.start()
    reader, writer = await asyncio.open_unix_connection(str(tmp_path / "control.sock"))
    writer.write(b"{}\n")
    await reader.readline()
    await asyncio.wait_for(server.close(), 2)
    assert await asyncio.wait_for(reader.read(), 2) == b""
    writer.close()
    await writer.wait_closed()


def test_nobody_there(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        control_request(tmp_path / "control.sock", do="status")
