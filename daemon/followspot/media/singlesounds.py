"""Each microphone by itself, beside the track that players use: one file of its own for each segment."""

import io
from collections import deque
from collections.abc import Iterable, Mapping

import av

from followspot.domain.recording import SoundPart
from followspot.domain.sound import MicrophoneRole
from followspot.media.encoder import Packet, SoundEncoder, sound_before
from followspot.media.mixing import Samples

# As the segments: every file keeps lesson time.
_MUXER_OPTIONS = {
    "movflags": "empty_moov+default_base_moof+frag_discont",
    "use_editlist": "0",
    "avoid_negative_ts": "disabled",
}


class SingleSounds:
    """Encodes what it is given, frame by frame, and cuts it where the segments are cut.

    Kept in memory until then: ten minutes of sound are 7 MB at 96 kbit/s.
    """

    def __init__(self, roles: Iterable[MicrophoneRole], bitrate_kbps: int) -> None:
        self._singles = {role: _Single(bitrate_kbps) for role in roles}

    def encode(self, frames: Mapping[MicrophoneRole, Samples], pts: int) -> None:
        """The next frame of every microphone, at media sample `pts`."""
        for role, single in self._singles.items():
            single.keep(single.encoder.encode(frames[role], pts))

    def flush(self) -> None:
        """No frame follows."""
        for single in self._singles.values():
            single.keep(single.encoder.flush())

    def take(self, end_pts: int) -> tuple[SoundPart, ...]:
        """The files of the segment that ends at video time stamp `end_pts`; one without sound has none."""
        parts = ((role, single.take(end_pts)) for role, single in self._singles.items())
        return tuple(SoundPart(role, data) for role, data in parts if data)

    def close(self) -> None:
        """Free the encoders."""
        for single in self._singles.values():
            single.encoder.close()


class _Single:
    def __init__(self, bitrate_kbps: int) -> None:
        self.encoder = SoundEncoder(bitrate_kbps)
        self._packets: deque[Packet] = deque()

    def keep(self, packets: Iterable[Packet]) -> None:
        self._packets.extend(packets)

    def take(self, end_pts: int) -> bytes:
        if not self._packets or not sound_before(self._packets[0], end_pts):
            return b""
        file = io.BytesIO()
        with av.open(file, "w", format="mp4", options=_MUXER_OPTIONS) as container:
            stream = container.add_stream_from_template(self.encoder.stream)
            while self._packets and sound_before(self._packets[0], end_pts):
                packet = self._packets.popleft()
                packet.stream = stream
                container.mux_one(packet)
        return file.getvalue()
