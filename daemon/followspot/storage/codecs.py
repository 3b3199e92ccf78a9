"""Sample entries of MP4 tracks as the product states them (RFC 6381 codec strings)."""

import struct

from followspot.domain.recording import TrackInfo

VISUAL_ENTRY_BYTES = 78
"""ISO 14496-12, VisualSampleEntry: what comes before its child boxes."""
AUDIO_ENTRY_BYTES = 28
"""ISO 14496-12, AudioSampleEntry."""
AAC_LC = 2
"""The only audio object type that the recorder encodes; stated when the entry does not say."""
DECODER_SPECIFIC_TAG = 0x05


def sample_entry(handler: bytes, timescale: int, name: str, entry: bytes) -> TrackInfo:
    """What an `stsd` entry called `name` says. ValueError for a track that is neither picture nor sound."""
    if timescale == 0:
        raise ValueError("a track without a time scale says nothing about time")
    if handler == b"vide":
        width, height = struct.unpack_from(">HH", entry, 24)
        return TrackInfo("video", _video_codec(name, entry), timescale, width=width, height=height)
    if handler == b"soun":
        channels, _, _, rate = struct.unpack_from(">HHII", entry, 16)
        codec = f"{name}.40.{_audio_object_type(entry)}" if name == "mp4a" else name
        return TrackInfo("audio", codec, timescale, sample_rate_hz=rate >> 16, channels=channels)
    raise ValueError(f"a track of the kind {handler!r} is not ours")


def _video_codec(name: str, entry: bytes) -> str:
    at = entry.find(b"avcC", VISUAL_ENTRY_BYTES)
    if at < 0:
        return name
    profile, constraints, level = entry[at + 5 : at + 8]
    return f"{name}.{profile:02X}{constraints:02X}{level:02X}"


def _audio_object_type(entry: bytes) -> int:
    """The first five bits of the AudioSpecificConfig (ISO 14496-3, 1.6.2.1)."""
    at = entry.find(b"esds", AUDIO_ENTRY_BYTES)
    position = at + 8 if at >= 0 else len(entry)
    while position < len(entry):
        tag = entry[position]
        position += 1
        while position < len(entry) and entry[position] & 0x80:
            position += 1
        position += 1
        if tag == DECODER_SPECIFIC_TAG and position < len(entry):
            return entry[position] >> 3
        position += _descriptor_header(tag)
    return AAC_LC


def _descriptor_header(tag: int) -> int:
    """How many bytes of a descriptor (ISO 14496-1, 7.2.6) stand before the descriptors inside it."""
    return {0x03: 3, 0x04: 13}.get(tag, 1)
