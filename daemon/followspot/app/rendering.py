"""`followspot render`: a lesson that was recorded whole, framed again with the whole lesson known.

What comes out lies in the lesson's folder, in `render-<shot>`: the same segments with the same time stamps and sound,
and a playlist. A segment gets its name when it is whole, so an interrupted run goes on behind the last one.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
from bisect import bisect_left
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from followspot.domain.body import Body
from followspot.domain.errors import FollowspotError
from followspot.domain.foresight import Foresight
from followspot.domain.geometry import Aim, Bearing, Lens
from followspot.domain.retrace import Retraced, Tracked
from followspot.domain.segments import FRAMING_FILE, MANIFEST_FILE, RENDITION_PREFIX, Manifest, playlist_file
from followspot.domain.shots import ShotName, shot
from followspot.domain.view import FramedView, TrackingState
from followspot.domain.zones import Territory
from followspot.media.rendering import NotRenderableError, render_segment
from followspot.settings.models import Settings
from followspot.storage.boxes import init_length
from followspot.storage.disk import make_private_folder

FORESEEN_S = 2.0
"""The whole lesson is known; what comes later than this does not change the view any more."""
RECIPE_FILE = "render.json"
"""What the rendition is made of and how: another recipe begins it anew."""
FILE_MODE = 0o640
"""They are recordings of children."""

Progress = Callable[[int, int], None]


class RenderError(FollowspotError):
    """The lesson cannot be rendered; the message says why and what to do."""


def render_lesson(folder: Path, settings: Settings, name: ShotName, progress: Progress) -> Path:
    """Make the rendition, or go on with it; its folder. `progress` hears of pictures done and in all.

    Raises RenderError.
    """
    check_shot(settings, name)
    manifest = _manifest(folder)
    views = _Views(folder, settings, name, manifest)
    target = folder / f"{RENDITION_PREFIX}{name}"
    try:
        make_private_folder(target)
        with _alone(target):
            _begin(target, _recipe(settings, name, manifest))
            _render_segments(folder, target, settings, manifest, views, progress)
            _put(target / playlist_file(), _playlist(folder, target))
    except NotRenderableError as error:
        raise RenderError(str(error)) from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise RenderError(
                f"the disk of {target} is full: make room and give the same command again, what is done is kept"
            ) from error
        raise RenderError(f"{target}: {error.strerror or error}") from error
    return target


def check_shot(settings: Settings, name: ShotName) -> None:
    """Raises RenderError where the shot needs what the configuration does not say."""
    if name is ShotName.TEACHER_AND_BOARD and settings.view.board is None:
        raise RenderError(f"shot {name}: view.board must say where the board is")


def _manifest(folder: Path) -> Manifest:
    try:
        return Manifest.model_validate_json((folder / MANIFEST_FILE).read_bytes())
    except FileNotFoundError as error:
        raise RenderError(
            f"{folder} has no {MANIFEST_FILE}: it is no lesson's folder, or the lesson is not completed yet"
        ) from error
    except (ValidationError, OSError) as error:
        raise RenderError(f"{folder / MANIFEST_FILE} cannot be read: {error}") from error


def _render_segments(
    folder: Path, target: Path, settings: Settings, manifest: Manifest, views: _Views, progress: Progress
) -> None:
    total, done = sum(segment.frames for segment in manifest.segments), 0
    for segment in manifest.segments:
        source, whole = folder / segment.file, target / segment.file
        if not source.is_file():
            raise RenderError(f"{source} is not there: it was deleted, or lies on a disk that is not mounted")
        if not whole.exists():
            begun = done

            def one_more() -> None:
                nonlocal begun
                begun += 1
                progress(begun, total)

            part = whole.with_name(f"{whole.name}.part")
            render_segment(source, part, settings, views.of_segment(segment.start_ns), one_more)
            part.chmod(FILE_MODE)
            _settle(part, whole)
        done += segment.frames
        progress(done, total)


class _Views:
    """The view of each picture, decided for the whole lesson, so that it does not matter where a run goes on."""

    def __init__(self, folder: Path, settings: Settings, name: ShotName, manifest: Manifest) -> None:
        view, tracking = settings.view, settings.tracking
        own = name is view.shot
        wanted = shot(
            name,
            (view.width, view.height),
            view.max_upscale,
            shot_share=view.shot_share if own else None,
            headroom_share=view.headroom_share if own else None,
            lead_share=view.lead_share,
        )
        lens = Lens(manifest.width, manifest.height, settings.camera.hfov_deg, settings.camera.sideways)
        body = Body(tracking.stature_m, tracking.marker_height_m)
        area = tracking.area
        territory = Territory(area.zone if area else None, tuple(one.zone for one in tracking.blocked))
        self._times: list[int] = []
        self._views: list[FramedView] = []
        for run in _runs(folder):
            outlook = Retraced(run, lens, body)
            composer = Foresight(
                wanted,
                body,
                territory,
                lookahead_s=FORESEEN_S,
                hides=view.hide_blocked,
                board=view.board.zone if view.board else None,
            )
            for line in run:
                self._times.append(line.pts_ns)
                self._views.append(composer.compose(lens, outlook.aim_at(line.pts_ns), outlook, line.pts_ns))

    def of_segment(self, start_ns: int) -> Callable[[int], FramedView]:
        """The view by the segment's own time stamps: behind a disk-overflow they are ahead of media time."""
        shift_ns: int | None = None

        def view_at(stamp_ns: int) -> FramedView:
            nonlocal shift_ns
            if shift_ns is None:
                shift_ns = start_ns - stamp_ns
            return self._nearest(stamp_ns + shift_ns)

        return view_at

    def _nearest(self, time_ns: int) -> FramedView:
        place = bisect_left(self._times, time_ns)
        near = [index for index in (place - 1, place) if 0 <= index < len(self._times)]
        return self._views[min(near, key=lambda index: abs(self._times[index] - time_ns))]


def _runs(folder: Path) -> list[list[Tracked]]:
    """The framing track, cut where the recording was cut; lines of pictures that a crash took away are left out."""
    runs: list[list[Tracked]] = [[]]
    whole = False
    for line in _lines(folder / FRAMING_FILE):
        if "cut" in line:
            runs[-1] = [one for one in runs[-1] if one.pts_ns < line["pts_ns"]]
            runs.append([])
        elif not runs[-1] or line["pts_ns"] > runs[-1][-1].pts_ns:
            whole = whole or line.get("picture") == "full"
            runs[-1].append(_tracked(line))
    runs = [run for run in runs if run]
    if not runs:
        raise RenderError(f"{folder / FRAMING_FILE} says nothing: without a framing track nothing can be rendered")
    if not whole:
        raise RenderError(
            f"{folder} was recorded framed, so there is nothing around its picture: only lessons recorded with "
            'recording.picture = "full" can be rendered'
        )
    return runs


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    try:
        texts = file.read_bytes().splitlines()
    except FileNotFoundError as error:
        raise RenderError(f"{file} is not there: without a framing track nothing can be rendered") from error
    for number, text in enumerate(texts, start=1):
        try:
            yield json.loads(text)
        except ValueError as error:
            if number < len(texts):
                raise RenderError(f"{file}:{number} is damaged") from error


def _tracked(line: dict[str, Any]) -> Tracked:
    azimuth, elevation, box = line["azimuth_deg"], line["elevation_deg"], line["box"]
    return Tracked(
        line["pts_ns"],
        TrackingState(line["state"]),
        Aim(line["pan_deg"] or 0.0, line["tilt_deg"] or 0.0),
        None if azimuth is None else Bearing(azimuth, elevation),
        box[3] if box else None,
    )


@contextmanager
def _alone(target: Path) -> Iterator[None]:
    """Nobody else renders into this folder."""
    handle = os.open(target, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise RenderError(f"{target} is being rendered by another process") from error
    finally:
        os.close(handle)


def _recipe(settings: Settings, name: ShotName, manifest: Manifest) -> bytes:
    tables = ("view", "tracking", "camera", "encoder")
    record = {table: getattr(settings, table).model_dump(mode="json") for table in tables}
    digest = hashlib.sha256(manifest.to_bytes()).hexdigest()
    return json.dumps({"shot": name, "manifest_sha256": digest, **record}, sort_keys=True, indent=1).encode() + b"\n"


def _begin(target: Path, recipe: bytes) -> None:
    """Keep what an earlier run of the same recipe made, and nothing else."""
    file = target / RECIPE_FILE
    if file.exists() and file.read_bytes() == recipe:
        return
    for path in sorted(target.iterdir()):
        path.unlink()
    _put(file, recipe)


def _playlist(folder: Path, target: Path) -> bytes:
    """The lesson's own playlist: names and times are the same, only the files begin with other boxes."""
    lines = []
    for line in (folder / playlist_file()).read_text().splitlines():
        if line.startswith("#EXT-X-MAP:"):
            name = line.split('"')[1]
            line = f'#EXT-X-MAP:URI="{name}",BYTERANGE="{init_length((target / name).read_bytes())}@0"'
        lines.append(f"{line}\n")
    return "".join(lines).encode()


def _put(file: Path, content: bytes) -> None:
    draft = file.with_name(f"{file.name}.tmp")
    draft.write_bytes(content)
    draft.chmod(FILE_MODE)
    _settle(draft, file)


def _settle(draft: Path, file: Path) -> None:
    """Give a whole file its name, durably."""
    for path in (draft, file.parent):
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
        if path is draft:
            draft.rename(file)
