"""The report: one page that needs nothing beside it."""

import base64
import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Followspot: scorecard of the framing</title>
<style>
 body {{ font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 82rem; padding: 0 1rem }}
 html {{ background: #fafafa }}
 img {{ width: 100%; border-radius: 6px }}
 table {{ border-collapse: collapse; font-variant-numeric: tabular-nums }}
 td, th {{ padding: .1rem .7rem .1rem 0; border-bottom: 1px solid #ddd; text-align: left }}
 .missed {{ color: #b00020; font-weight: 600 }}
</style>
<h1>Scorecard of the framing</h1>
<p>{about}</p>
{tables}
{lessons}
</html>
"""


@dataclass(frozen=True, slots=True)
class Chapter:
    """One lesson's pictures; `sheet` may be empty."""

    title: str
    timeline: bytes
    sheet: bytes


def page(about: str, tables: Iterable[Sequence[Sequence[str]]], chapters: Iterable[Chapter]) -> str:
    """The whole page; tables have their heading first, cells that end in an asterisk miss their target."""
    return _PAGE.format(
        about=html.escape(about),
        tables="\n".join(_table(lines) for lines in tables if lines),
        lessons="\n".join(_chapter(chapter) for chapter in chapters),
    )


def _table(lines: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{html.escape(cell)}</th>" for cell in lines[0])
    body = "\n".join(f"<tr>{''.join(map(_cell, line))}</tr>" for line in lines[1:])
    return f"<table><tr>{head}</tr>\n{body}</table>"


def _cell(cell: str) -> str:
    mark = ' class="missed"' if cell.endswith("*") else ""
    return f"<td{mark}>{html.escape(cell)}</td>"


def _chapter(chapter: Chapter) -> str:
    sheet = (
        f'<p><img alt="pictures with the views drawn" src="{_data("jpeg", chapter.sheet)}"></p>'
        if chapter.sheet
        else ""
    )
    plot = f'<p><img alt="course of the lesson" src="{_data("png", chapter.timeline)}"></p>'
    return f"<h2>{html.escape(chapter.title)}</h2>\n{plot}\n{sheet}"


def _data(kind: str, content: bytes) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"
