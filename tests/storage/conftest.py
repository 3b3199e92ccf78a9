"""Media made once, and boxes on a fresh folder."""

from pathlib import Path

import pytest

from support.storagelab import Box, Segment, make_media


@pytest.fixture(scope="session")
def media() -> list[Segment]:
    """Three joining segments of two seconds in fragments of half a second."""
    return make_media(3)


@pytest.fixture
def box(tmp_path: Path) -> Box:
    """A box that never ran."""
    return Box(tmp_path)
