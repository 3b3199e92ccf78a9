"""The C firmware in datagrams: a host that says what a test wants said, and keeps all it hears."""

import select
import socket
import subprocess
import time
from pathlib import Path
from typing import TypeVar

from followspot_dock.protocol import messages
from followspot_dock.protocol.datagrams import DatagramCodec
from followspot_dock.protocol.fields import Message

AnyMessage = TypeVar("AnyMessage", bound=Message)
_PATIENCE_S = 5.0


class Wire:
    """A host of few words, in datagrams."""

    def __init__(self, program: Path) -> None:
        self._socket, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        command = [program, "-d", str(far.fileno())]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=[far.fileno()])
        far.close()
        self._codec = DatagramCodec()
        self._sequence = 0
        self.heard: list[Message] = []

    def send(self, message: Message) -> None:
        self._sequence += 1
        self.send_raw(self._codec.encode(messages.to_frame(message, self._sequence)))

    def send_raw(self, datagram: bytes) -> None:
        self._socket.send(datagram)

    def hello(self, session_id: int = 1) -> messages.HelloReply:
        self.send(messages.Hello(session_id, 0, "test"))
        return self.expect(messages.HelloReply)

    def expect(self, kind: type[AnyMessage]) -> AnyMessage:
        """The next message of this kind; everything that comes is kept in `heard`."""
        deadline_s = time.monotonic() + _PATIENCE_S
        while (left_s := deadline_s - time.monotonic()) > 0:
            message = self._next(left_s)
            if isinstance(message, kind):
                return message
        raise AssertionError(f"no {kind.__name__} came")

    def listen(self, seconds: float) -> list[Message]:
        """All that comes for a while."""
        deadline_s = time.monotonic() + seconds
        heard = []
        while (left_s := deadline_s - time.monotonic()) > 0:
            message = self._next(left_s)
            if message is not None:
                heard.append(message)
        return heard

    def play(self, line: str) -> None:
        """One line of the world."""
        assert self._process.stdin is not None
        self._process.stdin.write(line.encode() + b"\n")
        self._process.stdin.flush()

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        assert self._process.wait(timeout=10) == 0
        self._socket.close()

    def _next(self, timeout_s: float) -> Message | None:
        if not select.select([self._socket], [], [], timeout_s)[0]:
            return None
        (frame,) = self._codec.feed(self._socket.recv(1000))
        message = messages.from_frame(frame)
        assert message is not None
        self.heard.append(message)
        return message
