"""sd_notify(3) by hand: what the daemon tells systemd."""

import logging
import os
import socket
from collections.abc import Mapping

_log = logging.getLogger(__name__)


class Notifier:
    """Sends to systemd's socket, or nowhere when the daemon was not started by systemd. Never blocks, never raises."""

    def __init__(self, address: str = "") -> None:
        """`address` as in NOTIFY_SOCKET: a path, or an abstract name after an @; empty for nowhere."""
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) if address else None
        self._status = ""
        if self._socket is not None:
            self._socket.setblocking(False)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Notifier":
        """The notifier for NOTIFY_SOCKET."""
        return cls(environment.get("NOTIFY_SOCKET", ""))

    def ready(self) -> None:
        """The daemon is up: it can record."""
        self._send("READY=1")

    def status(self, text: str) -> None:
        """One line for `systemctl status`; repeating it is silent."""
        if text != self._status:
            self._status = text
            self._send(f"STATUS={text}")

    def feed_watchdog(self) -> None:
        """The daemon is healthy."""
        self._send("WATCHDOG=1")

    def stopping(self) -> None:
        """The daemon is on its way out."""
        self._send("STOPPING=1")

    def close(self) -> None:
        """Nothing more will be told."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _send(self, message: str) -> None:
        if self._socket is None:
            return
        try:
            self._socket.sendto(message.encode(), self._address)
        except OSError as error:
            _log.debug("systemd did not take %s: %s", message, error)


def watchdog_interval_s(environment: Mapping[str, str] = os.environ) -> float | None:
    """How long systemd waits for a sign of life before it kills this process; None when it does not watch it."""
    if environment.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    microseconds = environment.get("WATCHDOG_USEC", "")
    return int(microseconds) / 1e6 if microseconds.isdecimal() and int(microseconds) else None
