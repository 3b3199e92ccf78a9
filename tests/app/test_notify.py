"""What systemd is told."""

import os
import secrets
import socket

import pytest

from followspot.app.notify import Notifier, watchdog_interval_s


@pytest.fixture(params=["path", "abstract"])
def manager(request, tmp_path):
    """systemd's end: an address and what arrives there."""
    address = str(tmp_path / "notify") if request.param == "path" else f"@followspot-test-{secrets.token_hex(8)}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
        end.bind(address.replace("@", "\0", 1) if request.param == "abstract" else address)
        end.settimeout(2)
        yield address, end


def test_every_message(manager):
    address, end = manager
    notifier = Notifier.from_environment({"NOTIFY_SOCKET": address})
    notifier.ready()
    notifier.status("idle")
    notifier.status("idle")
    notifier.feed_watchdog()
    notifier.stopping()
    notifier.close()
    assert [end.recv(100).decode() for _ in range(4)] == ["READY=1", "STATUS=idle", "WATCHDOG=1", "STOPPING=1"]


def test_without_systemd_nothing_is_sent():
    notifier = Notifier.from_environment({})
    notifier.ready()
    notifier.close()


def test_a_manager_that_does_not_listen_harms_nobody(tmp_path):
    notifier = Notifier(str(tmp_path / "nobody"))
    notifier.ready()
    notifier.close()


def test_a_manager_that_does_not_read_blocks_nobody(manager):
    address, _ = manager
    notifier = Notifier(address)
    for _ in range(10_000):
        notifier.feed_watchdog()
    notifier.close()


@pytest.mark.parametrize(
    ("environment", "interval_s"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_the_watchdogs_interval(environment, interval_s):
    assert watchdog_interval_s(environment) == interval_s
