"""Spool, catalogue, outbox, manifest, playlist and recovery: what was recorded survives and is announced."""

from followspot.storage.notices import DiskOverflow, FragmentDurable, SegmentDurable, StorageFailed, StorageNotice
from followspot.storage.recovery import Recovery
from followspot.storage.rows import OutboxEntry
from followspot.storage.storage import Storage
from followspot.storage.worker import StorageProgress

__all__ = [
    "DiskOverflow",
    "FragmentDurable",
    "OutboxEntry",
    "Recovery",
    "SegmentDurable",
    "Storage",
    "StorageFailed",
    "StorageNotice",
    "StorageProgress",
]
