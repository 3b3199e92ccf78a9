"""Keep a camera or a microphone open: a named thread that opens, reads, and begins again with back-off."""

import logging
import os
import random
import threading
from collections.abc import Callable, Iterator
from typing import Protocol

import av
from av.container import InputContainer
from av.stream import Stream

from followspot.domain.clock import Clock
from followspot.domain.redact import redacted
from followspot.media import alsa
from followspot.media.cputime import tell_thread
from followspot.media.encoder import Packet
from followspot.media.pacing import Pace, is_plain_file

_LOG = logging.getLogger(__name__)

_FIRST_BACK_OFF_S = 0.1
# A device that is plugged in again should be seen within a breath.
_MAX_BACK_OFF_S = 2.0
# A device that gives data for this long works: one that breaks off sooner is not tried again at once each time.
_STEADY_NS = 3_000_000_000
# Spread of the back-off, so that devices on one bus do not come back in step.
_JITTER = 0.25
# How often a device whose data is due is asked again: well below a frame or a packet of sound.
_POLL_S = 0.002
# Before this share of the usual time between two packets the next one is not asked for: asking costs more than waiting.
_SURELY_NOT_YET = 0.8
# ... but never later than this, whatever the times between packets were.
_LONGEST_POLL_S = 0.05
# These drivers block without end inside the kernel unless told not to: AVFMT_FLAG_NONBLOCK, which has no name here.
_DEVICE_FORMATS = {"v4l2", "alsa"}
_NONBLOCK = "+0x4"
_NS_PER_S = 1_000_000_000
_NS_PER_MS = 1_000_000

# Look at little before the first frame is given: our sources name their formats in the header.
_OPEN_OPTIONS = {"probesize": "65536", "analyzeduration": "0", "fpsprobesize": "0"}


class SourceLostError(Exception):
    """The device gives nothing (any more): what happened and what to do, for people."""


class DeviceSettings(Protocol):
    """What a camera and a microphone have in common in the configuration."""

    @property
    def url(self) -> str: ...
    @property
    def format(self) -> str: ...
    @property
    def options(self) -> dict[str, str]: ...
    @property
    def open_timeout_s(self) -> float: ...
    @property
    def stall_timeout_s(self) -> float: ...


OpenDevice = Callable[[DeviceSettings, dict[str, str]], InputContainer]


def open_device(device: DeviceSettings, options: dict[str, str]) -> InputContainer:
    """Open it through FFmpeg, with these options. Raises av.FFmpegError, OSError and ValueError."""
    return av.open(
        device.url,
        "r",
        format=device.format or None,
        options=options,
        timeout=(device.open_timeout_s, device.stall_timeout_s),
    )


class SourceReader(Protocol):
    """What to do with the device. All is called on the source's thread."""

    def read(self, container: InputContainer) -> None:
        """Read until the end or an error; call `Source.delivering()` at the first data."""
        ...

    def lost(self, reason: str) -> None:
        """There is no data any more, or none at the first try: once per transition."""
        ...


class _NextPacket:
    """When to ask a device that does not wait for its next packet."""

    def __init__(self) -> None:
        self._last_ns: int | None = None
        self._shortest_ns = 0

    def came(self, now_ns: int) -> None:
        """A packet came. The shortest time between two counts, and is forgotten slowly."""
        if self._last_ns is not None:
            between_ns = now_ns - self._last_ns
            self._shortest_ns = min(between_ns, self._shortest_ns + self._shortest_ns // 8 + _NS_PER_MS)
        self._last_ns = now_ns

    def wait_s(self, now_ns: int) -> float:
        """How long to leave the device alone."""
        if self._last_ns is None:
            return _POLL_S
        left_s = (self._last_ns + self._shortest_ns * _SURELY_NOT_YET - now_ns) / _NS_PER_S
        return min(max(left_s, _POLL_S), _LONGEST_POLL_S)


class Source:
    """Owns the thread. `beat` is called while it reads and while it waits, with CLOCK_MONOTONIC."""

    def __init__(
        self,
        kind: str,
        thread_name: str,
        device: DeviceSettings,
        clock: Clock,
        reader: SourceReader,
        opener: OpenDevice = open_device,
        more_options: Callable[[], dict[str, str]] = dict,
    ) -> None:
        """`kind` is the table of the configuration file, as people read it: camera, microphone.

        `more_options` is asked before each opening, on the source's thread, and may itself `open` and read.
        """
        self._opener = opener
        self._more_options = more_options
        self._table = kind
        self._kind = kind.replace("_", " ")
        self._device = device
        self._clock = clock
        self._reader = reader
        self._stopped = threading.Event()
        self._delivering: bool | None = None
        self._back_off_s = _FIRST_BACK_OFF_S
        self._delivering_since_ns = 0
        self._fault_told = False
        self._thread = threading.Thread(target=self._run, name=thread_name, daemon=True)
        self.beat_ns = clock.monotonic_ns()

    @property
    def name(self) -> str:
        """The thread's name."""
        return self._thread.name

    @property
    def stopping(self) -> bool:
        """Whether `stop` was called."""
        return self._stopped.is_set()

    def start(self) -> None:
        """Open the device and read, until `stop`."""
        self._thread.start()

    def stop(self) -> None:
        """Ask the thread to end; returns at once."""
        self._stopped.set()

    def join(self, timeout_s: float) -> bool:
        """Wait for the thread's end; whether it ended. A hanging device holds it until its own time-out."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def delivering(self) -> bool:
        """Data is here. Whether that is news."""
        news = self._delivering is not True
        self._delivering = True
        if news:
            self._delivering_since_ns = self.beat_ns
        elif self.beat_ns - self._delivering_since_ns > _STEADY_NS:
            self._back_off_s = _FIRST_BACK_OFF_S
        return news

    def rest(self, duration_s: float) -> None:
        """Let data gather, on the source's thread; no longer once it is to stop."""
        self._stopped.wait(duration_s)

    def packets(self, container: InputContainer, stream: Stream) -> Iterator[tuple[Packet, int]]:
        """The stream's packets with their time of arrival, until the end or `stop`.

        Those of a plain file come at the pace of their own time stamps.
        Raises SourceLostError when there is none for stall_timeout_s.
        """
        pace = Pace() if is_plain_file(self._device.url) else None
        last_ns = self._clock.monotonic_ns()
        due = _NextPacket()
        while not self._stopped.is_set():
            try:
                for packet in container.demux((stream,)):
                    if pace is not None and packet.size:
                        self._wait_until(pace.due_ns(packet, self._clock.monotonic_ns()))
                    last_ns = self.beat_ns = self._clock.monotonic_ns()
                    if self._stopped.is_set() or packet.size == 0:
                        return
                    due.came(last_ns)
                    yield packet, last_ns
                return
            except BlockingIOError:
                self._stopped.wait(due.wait_s(self._clock.monotonic_ns()))
                if self._clock.monotonic_ns() - last_ns > self._device.stall_timeout_s * _NS_PER_S:
                    raise SourceLostError(self._stalled()) from None
            except av.error.ExitError:
                raise SourceLostError(self._stalled()) from None

    def _wait_until(self, due_ns: int) -> None:
        wait_s = (due_ns - self._clock.monotonic_ns()) / _NS_PER_S
        if wait_s > self._device.stall_timeout_s:
            raise SourceLostError(self._stalled())
        self._stopped.wait(max(0.0, wait_s))

    def _run(self) -> None:
        self._read_on()
        tell_thread(self.name)

    def _read_on(self) -> None:
        while not self._stopped.is_set():
            self.beat_ns = self._clock.monotonic_ns()
            reason = self._read_once()
            self.beat_ns = self._clock.monotonic_ns()
            if self._stopped.is_set():
                return
            self._tell_lost(reason)
            self._wait_before_next_try()

    def _read_once(self) -> str:
        """Open and read; why it ended."""
        try:
            with self.open(self._more_options()) as container:
                self._reader.read(container)
            return "the stream ended"
        except SourceLostError as error:
            return str(error)
        except (av.FFmpegError, OSError, ValueError) as error:
            return self._explain(error)
        except Exception as error:  # noqa: BLE001 - whatever it is, the device is tried again and the loss is told
            if not self._fault_told:
                _LOG.exception("a fault in the program interrupted the %s", self._kind)
                self._fault_told = True
            return f"a fault in the program, {type(error).__name__}: {error}"

    def open(self, more_options: dict[str, str]) -> InputContainer:
        """Open the device once. Raises SourceLostError, av.FFmpegError, OSError and ValueError."""
        device = self._device
        if device.url.startswith("/") and not os.path.exists(device.url):
            raise SourceLostError("there is no such device or file")
        options = dict(_OPEN_OPTIONS)
        if device.format in _DEVICE_FORMATS:
            options["fflags"] = _NONBLOCK
        if device.format == "alsa":
            alsa.find_configuration()
            if (wrong := alsa.what_is_wrong(device.url)) is not None:
                raise SourceLostError(wrong)
        try:
            return self._opener(device, options | device.options | more_options)
        except av.error.ExitError:
            raise SourceLostError(f"no answer within {device.open_timeout_s:g} s") from None

    def _wait_before_next_try(self) -> None:
        self._stopped.wait(self._back_off_s * random.uniform(1 - _JITTER, 1 + _JITTER))
        self._back_off_s = min(self._back_off_s * 2, _MAX_BACK_OFF_S)

    def _tell_lost(self, reason: str) -> None:
        if self._delivering is False:
            _LOG.debug("%s still not there: %s", self._kind, reason)
            return
        self._delivering = False
        url = redacted(self._device.url)
        self._reader.lost(
            f"{self._kind} {url}: {reason.replace(self._device.url, url)}; "
            f"it is tried again by itself. Check the cable and power, and "
            f"[{self._table}] url, format and options in the configuration"
        )

    def _stalled(self) -> str:
        return f"gave nothing for {self._device.stall_timeout_s:g} s"

    def _explain(self, error: Exception) -> str:
        if self._device.format == "alsa" and isinstance(error, OSError):
            return (
                f"ALSA could not open or read it ({error.strerror}): another program may use it, or it has one channel "
                f'only (options = {{ channels = "1" }}, or plughw instead of hw); {alsa.microphones()}'
            )
        if isinstance(error, av.error.ArgumentError | av.error.InvalidDataError):
            return "the stream broke off or is not what the configured format says"
        if isinstance(error, OSError | av.FFmpegError) and error.strerror:
            return error.strerror.lower()
        return str(error) or type(error).__name__
