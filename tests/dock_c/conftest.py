"""The C codec as a program to talk to."""

import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from support.c_build import SOURCES, build

HERE = Path(__file__).parent


class CodecTool:
    """The C codec in its own process; see codec_tool.c."""

    def __init__(self, program: Path) -> None:
        self._process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, op: str, data: bytes = b"") -> bytes:
        """One request and its answer."""
        source, sink = self._pipes()
        sink.write(op.encode() + struct.pack("<H", len(data)) + data)
        sink.flush()
        head = source.read(4)
        assert len(head) == 4, f"the C codec died of {op} {data.hex()}"
        return source.read(int(struct.unpack("<I", head)[0]))

    def close(self) -> None:
        """End it; a sanitizer's complaint shows in its exit code."""
        source, sink = self._pipes()
        sink.close()
        code = self._process.wait(timeout=10)
        source.close()
        assert code == 0

    def _pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        assert self._process.stdout is not None
        assert self._process.stdin is not None
        return self._process.stdout, self._process.stdin


@pytest.fixture(scope="session")
def codec_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("codec")
    return build(folder / "codec_tool", [SOURCES / "codec.c", HERE / "codec_tool.c"])


@pytest.fixture
def tool(codec_program: Path) -> Iterator[CodecTool]:
    tool = CodecTool(codec_program)
    yield tool
    tool.close()
