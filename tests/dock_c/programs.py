"""The C codec and the C firmware as programs to talk to."""

import json
import struct
import subprocess
from pathlib import Path
from typing import IO, Any


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


class HostDock:
    """The C firmware on a pty, driven by lines on its standard input; see firmware/host/main.c."""

    def __init__(self, program: Path, link: Path) -> None:
        self.link = link
        link.parent.mkdir(parents=True, exist_ok=True)
        self._process = subprocess.Popen([program, link], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.state()  # it runs, and the link is there

    def play(self, line: str) -> None:
        """One line of the world."""
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def state(self) -> dict[str, Any]:
        """How dock and motors are now."""
        self.play("state")
        assert self._process.stdout is not None
        return dict(json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        """End it; a sanitizer's complaint shows in its exit code."""
        assert self._process.stdout is not None
        assert self._process.stdin is not None
        self._process.stdin.close()
        code = self._process.wait(timeout=10)
        self._process.stdout.close()
        assert code == 0
        assert not self.link.is_symlink()
