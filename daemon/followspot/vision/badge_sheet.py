"""The badge on paper: a PDF of two A4 pages, front and back, at exact size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from followspot.vision.tag import CELLS, pattern

MM = 72 / 25.4
"""Points of a PDF."""
PAGE_MM = (210.0, 297.0)
TOP_MM = 12.0
"""Printers leave about this much white at the upper edge, so cut marks lie below it."""
MARK_MM = 5.0
"""Length of a cut mark."""
LINE_MM = 100.0
"""The line to measure after printing."""
LEFT_MM, TEXT_PT, LEADING_PT = 20.0, 10.5, 14.5

Box = tuple[float, float, float, float]


def sheet(number: int, size_mm: float) -> bytes:
    """The PDF of badge `number`, whose black square measures `size_mm`."""
    return _document([_page(number, size_mm, side) for side in ("front", "back")])


def _page(number: int, size_mm: float, side: str) -> str:
    """The content of one page, in points from its lower left."""
    border_mm = size_mm / CELLS
    left, top = (PAGE_MM[0] - size_mm) / 2, PAGE_MM[1] - TOP_MM - border_mm
    cut = (left - border_mm, top - size_mm - border_mm, left + size_mm + border_mm, top + border_mm)
    line = cut[1] - 12.0
    lines = _text(number, size_mm, side)
    return "\n".join(
        (
            "0 g",
            *_cells(number, left, top, border_mm),
            "f",
            "0.4 w",
            *_marks(cut),
            *_rule(line),
            "S",
            f"BT /F1 {TEXT_PT} Tf {LEADING_PT} TL {_pt(LEFT_MM)} {_pt(line - 10)} Td",
            *(f"({text}) Tj T*" for text in lines),
            "ET",
        )
    )


def _cells(number: int, left: float, top: float, cell: float) -> Iterator[str]:
    """The black cells as one path, so that no viewer shows seams between them."""
    for row, cells in enumerate(pattern(number)):
        for column, black in enumerate(cells):
            if black:
                x, y = left + column * cell, top - (row + 1) * cell
                yield f"{_pt(x)} {_pt(y)} {_pt(cell)} {_pt(cell)} re"


def _marks(cut: Box) -> Iterator[str]:
    """Short lines at the corners, inwards along the cut: outwards there may be no paper."""
    left, bottom, right, top = cut
    for x, inward in ((left, MARK_MM), (right, -MARK_MM)):
        for y, up in ((bottom, MARK_MM), (top, -MARK_MM)):
            yield f"{_pt(x)} {_pt(y)} m {_pt(x + inward)} {_pt(y)} l"
            yield f"{_pt(x)} {_pt(y)} m {_pt(x)} {_pt(y + up)} l"


def _rule(y: float) -> Iterator[str]:
    yield f"{_pt(LEFT_MM)} {_pt(y)} m {_pt(LEFT_MM + LINE_MM)} {_pt(y)} l"
    for x in (LEFT_MM, LEFT_MM + LINE_MM):
        yield f"{_pt(x)} {_pt(y - 2)} m {_pt(x)} {_pt(y + 2)} l"


def _text(number: int, size_mm: float, side: str) -> Sequence[str]:
    return (
        f"The line above must measure {LINE_MM:.0f} mm: if not, print again at 100 %, without fitting it to the page.",
        "",
        f"Followspot badge {number}, {side} (black square {size_mm:g} mm)",
        "1. Print both pages on plain white paper; shiny paper or foil reflects lamps and hides the pattern.",
        "2. Cut at the corner marks. The white border belongs to the badge: without it the badge is not seen.",
        "3. Glue each page on stiff card, so that it stays flat.",
        "4. Wear the front on the chest and the back between the shoulders, upright, over all clothes.",
        "   Hair, a scarf or a microphone cable across the black square hides it.",
        "5. Measure from the floor to the middle of the badge, and write to the configuration file:",
        f"      [tracking]   badge = {number}   badge_mm = {size_mm:g}   marker_height_m = 1.35",
        "   each on a line of its own, with what you measured in place of 1.35. Then restart the daemon.",
    )


def _pt(mm: float) -> str:
    return f"{mm * MM:.4f}"


def _document(pages: Sequence[str]) -> bytes:
    """A PDF of A4 pages with these contents; viewers are asked not to scale it."""
    first = 4
    kids = " ".join(f"{first + 2 * number} 0 R" for number in range(len(pages)))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R /ViewerPreferences << /PrintScaling /None >> >>",
        f"<< /Type /Pages /Count {len(pages)} /Kids [{kids}] >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    for number, content in enumerate(pages):
        size = " ".join(_pt(side) for side in PAGE_MM)
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {size}] /Contents {first + 2 * number + 1} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>"
        )
        objects.append(f"<< /Length {len(content)} >>\nstream\n{content}\nendstream")
    return _numbered(objects)


def _numbered(objects: Sequence[str]) -> bytes:
    parts, starts = ["%PDF-1.4\n"], []
    for number, body in enumerate(objects, start=1):
        starts.append(sum(map(len, parts)))
        parts.append(f"{number} 0 obj\n{body}\nendobj\n")
    table_at = sum(map(len, parts))
    entries = "".join(f"{start:010d} 00000 n \n" for start in starts)
    size = len(objects) + 1
    parts.append(f"xref\n0 {size}\n0000000000 65535 f \n{entries}")
    parts.append(f"trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{table_at}\n%%EOF\n")
    return "".join(parts).encode("ascii")
