"""Keep the memory of one frame for the next one, and of one lesson for nobody."""

import ctypes
import logging

_LOG = logging.getLogger(__name__)

# From <malloc.h>. Without these glibc gives every 3 MB frame back to the kernel and faults it in again.
_M_TRIM_THRESHOLD = -1
_M_TOP_PAD = -2
_M_MMAP_THRESHOLD = -3
_M_ARENA_MAX = -8

# Above the largest frame (1080p 4:2:0 is 3 MB), below the maximum that glibc accepts (32 MB on 64 bits).
_MMAP_THRESHOLD_BYTES = 16 << 20
# Trim only what is far beyond the working set.
_TRIM_THRESHOLD_BYTES = 64 << 20
_TOP_PAD_BYTES = 4 << 20
# With a heap of its own for each thread, what a lesson's threads leave behind stands beside the next lesson's.
_ARENAS = 1


def keep_frame_memory() -> None:
    """Tell glibc to keep freed frames in one heap for all threads. Call it before the first thread starts.

    Safe to call again; does nothing with another C library.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        _LOG.debug("this C library has no mallopt: frames cost some more system time")
        return
    mallopt(_M_MMAP_THRESHOLD, _MMAP_THRESHOLD_BYTES)
    mallopt(_M_TRIM_THRESHOLD, _TRIM_THRESHOLD_BYTES)
    mallopt(_M_TOP_PAD, _TOP_PAD_BYTES)
    mallopt(_M_ARENA_MAX, _ARENAS)


def give_back_memory() -> None:
    """Return what is free to the kernel: some milliseconds. Does nothing with another C library."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
