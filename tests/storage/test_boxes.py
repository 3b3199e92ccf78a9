"""The walk over a fragmented MP4 file: what is whole, cut anywhere."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from followspot.storage.boxes import WholeMedia, init_length, walk
from support.storagelab import FRAGMENT_S, HEIGHT, RATE_HZ, SEGMENT_S, TICKS, WIDTH, Segment, make_media, tracks

SEGMENT = make_media(1)[0]
FRAMES_OF_LAST = round(FRAGMENT_S * RATE_HZ)


def measure(data: bytes) -> WholeMedia | None:
    return walk(io.BytesIO(data), len(data))


def mdat_ends(data: bytes) -> list[int]:
    """Where each mdat ends, found by another way than the walk's."""
    ends, position = [0], 0
    while (position := data.find(b"mdat", position)) >= 0:
        position += int.from_bytes(data[position - 4 : position]) - 4
        ends.append(position)
    return ends


def test_a_whole_segment_is_measured_as_it_was_encoded() -> None:
    whole = measure(SEGMENT.whole)
    assert whole is not None
    assert whole.duration_ns == SEGMENT_S * 10**9
    assert whole.frames == SEGMENT.end.frames
    assert whole.init_size == init_length(SEGMENT.fragments[0]) == SEGMENT.whole.index(b"moof") - 4
    video, audio = whole.tracks
    assert (video.kind, video.timescale, video.width, video.height) == ("video", 90_000, WIDTH, HEIGHT)
    assert video.codec.startswith("avc1.")
    assert audio == tracks()[1]


def test_cut_at_every_byte_the_whole_fragments_before_it_remain() -> None:
    ends = mdat_ends(SEGMENT.whole)
    assert len(ends) > SEGMENT_S / FRAGMENT_S
    for size in range(len(SEGMENT.whole) + 1):
        whole = walk(io.BytesIO(SEGMENT.whole), size)
        assert (0 if whole is None else whole.whole_size) == max(end for end in ends if end <= size)


@given(st.integers(0, len(SEGMENT.whole) - 1), st.binary(min_size=1, max_size=16))
def test_damage_anywhere_never_breaks_the_walk(position: int, noise: bytes) -> None:
    damaged = SEGMENT.whole[:position] + noise + SEGMENT.whole[position + len(noise) :]
    whole = measure(damaged)
    assert whole is None or whole.whole_size <= len(damaged)


@given(st.binary(max_size=200))
def test_noise_holds_nothing(noise: bytes) -> None:
    assert measure(noise) is None


def test_memory_is_bounded_whatever_a_box_claims() -> None:
    assert measure(b"\x7f\xff\xff\xffmoof" + bytes(100)) is None
    huge = (1 << 31).to_bytes(4) + b"moov"

    class Sparse(io.RawIOBase):
        def seek(self, offset: int, whence: int = 0) -> int:
            return offset

        def read(self, size: int = -1) -> bytes:
            assert 0 <= size < 100
            return huge

    assert walk(Sparse(), 1 << 32) is None  # type: ignore[arg-type]


@pytest.mark.parametrize("index", [0, 1])
def test_a_later_segment_counts_its_own_time_alone(media: list[Segment], index: int) -> None:
    whole = measure(media[index].whole)
    assert whole is not None
    assert whole.duration_ns == SEGMENT_S * 10**9


@pytest.mark.parametrize("ticks", [*range(1, 200), 3000, 3001, 3003, 9000])
def test_a_duration_of_any_ticks_ends_where_the_recorder_says_the_next_starts(ticks: int) -> None:
    """The recorder floors (media/segmenter.py); its next picture is the first tick not before that moment."""
    usual = (TICKS // RATE_HZ).to_bytes(4)
    end_ticks = (SEGMENT_S * RATE_HZ - FRAMES_OF_LAST) * TICKS // RATE_HZ + FRAMES_OF_LAST * ticks
    whole = measure(SEGMENT.whole.replace(usual, ticks.to_bytes(4)))
    assert whole is not None
    assert whole.duration_ns == end_ticks * 10**9 // TICKS
    assert -(-whole.duration_ns * TICKS // 10**9) == end_ticks
