"""`followspot-upload`: joins the parts and runs until SIGTERM or SIGINT."""

import argparse
import logging
import signal
import sqlite3
import sys
import threading
import time
from collections.abc import Sequence
from datetime import datetime
from datetime import time as clock_time
from pathlib import Path

from followspot_upload.acknowledger import Acknowledger
from followspot_upload.announced import Gone, read_event
from followspot_upload.errors import ConfigurationError
from followspot_upload.histories import Histories
from followspot_upload.jobs import Jobs
from followspot_upload.link import ROOT, Link, Way
from followspot_upload.pace import Pace
from followspot_upload.schedule import Window
from followspot_upload.settings import DEFAULT_PATH, Settings, load
from followspot_upload.stores import open_store
from followspot_upload.told import read_told
from followspot_upload.uploading import Uploading
from followspot_upload.watch import Watch

OK, FAULT, USAGE = 0, 1, 2
JOIN_TIMEOUT_S = 10.0
"""A piece on its way is sent to its end; a silent line is left after this."""

_log = logging.getLogger(__name__)


class Uploader:
    """Every part, joined."""

    def __init__(self, settings: Settings) -> None:
        """Raises ConfigurationError, or OSError and sqlite3.Error for a state that cannot be kept."""
        window = Window(settings.line.start, settings.line.end)
        self.jobs = Jobs(settings.media.state)
        self.histories = Histories(settings.media.state)
        store = open_store(settings)
        self._link = Link(settings.mqtt, self._on_message)
        self._acknowledger = Acknowledger(self.jobs, store.name, self._link.acknowledge, time.monotonic)
        self._watch = Watch(
            self.histories,
            self.jobs,
            store.name,
            self._link.republish,
            lambda: window.is_open(_local_time()),
            lambda: self._link.is_connected,
            time.monotonic,
            shared=bool(settings.mqtt.share),
            quiet_s=settings.mqtt.ask_after_min * 60,
        )
        pace = Pace(settings.line.rate_kbps * 1000 / 8, lambda: window.is_open(_local_time()))
        self._uploading = Uploading(
            self.jobs, store, pace, settings.media.folders, self._acknowledger.wake, time.monotonic
        )
        self._threads = [
            threading.Thread(target=part.run, name=name, daemon=True)
            for name, part in (
                ("upload", self._uploading),
                ("acknowledge", self._acknowledger),
                ("watch", self._watch),
            )
        ]

    def start(self) -> None:
        """Begin; returns at once."""
        self._link.open()
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End; what is half done goes on at the next start."""
        self._uploading.stop()
        self._acknowledger.stop()
        self._watch.stop()
        for thread in self._threads:
            thread.join(JOIN_TIMEOUT_S)
        self._link.close()
        self.jobs.close()
        self.histories.close()

    def _on_message(
        self, topic: str, payload: bytes, correlation: bytes | None, way: Way = Way.WATCH | Way.WORK
    ) -> None:
        try:
            if topic.startswith(self._link.answers):
                device = topic.removeprefix(self._link.answers)
                self._acknowledger.answer(device, payload, correlation)
                self._watch.answer(device, payload, correlation)
            elif topic.startswith(f"{ROOT}/") and topic.endswith("/availability"):
                self._acknowledger.availability(topic.split("/")[2], payload)
                self._watch.availability(topic.split("/")[2], payload)
            else:
                self._on_event(topic.split("/")[2], payload, way)
        except (
            ValueError,
            AttributeError,
            RecursionError,
            OverflowError,
        ) as error:  # to leave it with the broker would bring it back for ever
            _log.error("a message was passed over topic=%s: %s", topic, error)

    def _on_event(self, device: str, payload: bytes, way: Way) -> None:
        """The broker's access rules say who may publish on a device's topics: nobody speaks for another one.

        What is to be done is put down first: what the disk refuses the broker keeps, and it is heard again.
        """
        told = read_told(payload)
        if told.device != device:
            raise ValueError(f"an event of {told.device!r} on the topic of {device!r}")
        event = read_event(payload)
        if isinstance(event, Gone):
            self.jobs.drop(event)
        elif event is not None and Way.WORK in way:
            self.jobs.add(event)
            self._uploading.wake()
            self._acknowledger.wake()
        if Way.WATCH in way:
            self._watch.hear(told)


def main(argv: Sequence[str] | None = None) -> int:
    """Run; the exit code."""
    parser = argparse.ArgumentParser(
        prog="followspot-upload", description="Uploads what Followspot boxes record, and tells them when it is stored."
    )
    parser.add_argument("--config", type=Path, default=DEFAULT_PATH, metavar="FILE", help="default: %(default)s")
    parser.add_argument("--check", action="store_true", help="only say what is wrong with the configuration")
    arguments = parser.parse_args(argv)
    try:
        settings = load(arguments.config)
        _set_up_log(settings.log.level)
        if arguments.check:
            Link(settings.mqtt, lambda *_: None)
            open_store(settings)
            sys.stdout.write(f"{arguments.config}: OK\n")
            return OK
        return _serve(settings)
    except ConfigurationError as error:
        sys.stderr.write(f"{error}\n")
        return USAGE
    except (OSError, sqlite3.Error) as error:
        sys.stderr.write(f"media.state {settings.media.state} cannot be used: {error}\n")
        return FAULT


def _serve(settings: Settings) -> int:
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    uploader = Uploader(settings)
    _log.info("uploading begins store=%s files=%s", settings.store.kind, uploader.jobs.counts())
    uploader.start()
    try:
        ended.wait()
    finally:
        uploader.stop()
        _log.info("uploading ends")
    return OK


def _set_up_log(level: str) -> None:
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s", force=True)
    logging.getLogger("followspot_upload").setLevel(level)


def _local_time() -> clock_time:
    """The hour on the school's clocks; the time zone is the machine's."""
    return datetime.now().astimezone().time()  # noqa: TID251 - the window is local time, and nothing is timed by it
