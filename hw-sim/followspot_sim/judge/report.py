"""A page that plays a lesson and shows its scorecard and pictures; opened from the disk, it needs no server."""

import html
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Followspot: a recorded lesson</title>
<style>
 body {{ font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem }}
 html {{ background: #fafafa }}
 video, img {{ width: 100%; border-radius: 6px; background: #222 }}
 table {{ border-collapse: collapse }} td {{ padding: .15rem 1rem .15rem 0; border-bottom: 1px solid #ddd }}
 td + td {{ font-variant-numeric: tabular-nums }}
</style>
<h1>A recorded lesson</h1>
<video id="player" controls playsinline></video>
<p id="where"></p>
<h2>Where the recorded picture looked</h2>
<p><img src="contact-sheet.png" alt="Sixteen recorded frames with the true and the believed teacher"></p>
<p><img src="bearing.png" alt="True bearing, marker, estimate and pan over the lesson"></p>
<h2>Scorecard</h2>
<table>{rows}</table>
<script>
 // Segment after segment in one player: each plays alone, so this works from a folder without any server.
 const segments = {segments};
 const player = document.getElementById("player"), where = document.getElementById("where");
 let index = 0;
 function load(play) {{
   player.src = segments[index];
   where.textContent = `segment ${{index + 1}} of ${{segments.length}}: ${{segments[index]}}`;
   if (play) player.play();
 }}
 player.addEventListener("ended", () => {{
   index = (index + 1) % segments.length;
   load(index > 0);
 }});
 load(false);
</script>
</html>
"""


def write_report(card: Mapping[str, object], segments: Sequence[Path], out: Path) -> None:
    """Write the page to `out`; `segments` are relative to its folder."""
    rows = "".join(
        f"<tr><td>{html.escape(key)}</td><td>{html.escape(str(value))}</td></tr>" for key, value in card.items()
    )
    out.write_text(_PAGE.format(rows=rows, segments=json.dumps([s.as_posix() for s in segments])))
