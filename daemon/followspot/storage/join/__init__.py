"""A completed lesson as one file: its segments joined without encoding anything. A process of its own (`python -m`).

Pure but for reading the segments and writing the one file; docs/segments.md numbers the steps.
"""

from followspot.storage.join.errors import JoinError

__all__ = ["JoinError"]
