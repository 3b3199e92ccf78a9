"""Frames of silence for sound that a crash tore off, written by hand: nothing is encoded here."""

from followspot.storage.boxes import children
from followspot.storage.join.errors import JoinError

# ISO 14496-3, 4.4.2.1: one channel without a single spectral line. An element's id and tag, the gain, the window
# (one long, sine), no bands, neither pulses nor noise shaping nor gain control; then the end.
_ICS_INFO = "00000000000"
_TOOLS = "000"
_MONO = "0000000" + "0" * 8 + _ICS_INFO + _TOOLS + "111"
_STEREO = "00100001" + _ICS_INFO + "00" + 2 * ("0" * 8 + _TOOLS) + "111"
_CHANNELS_OFFSET = 16
"""Of the channel count, in an audio sample entry behind its reference index."""


def silent_frame(entry: bytes) -> bytes:
    """One AAC frame of silence for the stream that the sample entry describes; JoinError for other sound."""
    ((name, body),) = children(entry)
    channels = int.from_bytes(body[_CHANNELS_OFFSET : _CHANNELS_OFFSET + 2])
    if name != b"mp4a" or channels not in (1, 2):
        raise JoinError(f"a hole in the sound cannot be filled: {name.decode('ascii')} with {channels} channels")
    bits = _MONO if channels == 1 else _STEREO
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8)
