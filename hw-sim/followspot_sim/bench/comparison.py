"""The daemon against ffmpeg at the same work: costs for each frame, and their ratio."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from followspot_sim.bench import instructions, x264
from followspot_sim.bench.cost import Cost
from followspot_sim.bench.ffmpeg import Recorded
from followspot_sim.bench.lesson import LessonRun
from followspot_sim.bench.results import Figure
from followspot_sim.bench.usage import Usage


@dataclass(frozen=True, slots=True)
class Round:
    """Both, one after the other or side by side."""

    daemon: Cost
    ffmpeg: Cost

    @property
    def ratio(self) -> float:
        """How many times ffmpeg's cost the daemon's is, for a frame."""
        return self.daemon.ms_per_frame / self.ffmpeg.ms_per_frame

    @property
    def instructions_ratio(self) -> float | None:
        """The same by instructions in user mode; None where they were not counted."""
        ours, theirs = self.daemon.instructions_per_frame, self.ffmpeg.instructions_per_frame
        return None if ours is None or theirs is None else ours / theirs

    def to_json(self) -> dict[str, float]:
        """For bench.json."""
        return {
            "daemon_ms_per_frame": round(self.daemon.ms_per_frame, 3),
            "daemon_frames": self.daemon.frames,
            "ffmpeg_ms_per_frame": round(self.ffmpeg.ms_per_frame, 3),
            "ffmpeg_frames": self.ffmpeg.frames,
            "ratio": round(self.ratio, 4),
        }


def median_ratio(rounds: Sequence[Round]) -> float:
    """One disturbed round does not move it."""
    return median(each.ratio for each in rounds)


def instructions_ratio(rounds: Sequence[Round]) -> float | str:
    """The median of those that were counted, or why there are none."""
    counted = [each.instructions_ratio for each in rounds if each.instructions_ratio is not None]
    return round(median(counted), 4) if counted else instructions.NOT_COUNTED


def conclude(
    name: str,
    budget: float,
    runs: Sequence[tuple[LessonRun, Recorded]],
    loading: Usage,
    *,
    alike: bool = True,
    more: Mapping[str, object] | None = None,
) -> Figure:
    """The median ratio, with everything a doubter may ask for; what `loading` cost of each ffmpeg run does not count.

    `alike`: both were to tell x264 the same. `more` goes into the detail.
    """
    rounds = [Round(d.cost, f.cost.less(loading.cpu_s, loading.instructions)) for d, f in runs]
    whole = [Round(d.cost, f.cost) for d, f in runs]
    daemon, other = runs[-1]
    differences = x264.differences(daemon.first_segment, other.first_segment)
    detail = {
        "rounds": [each.to_json() for each in rounds],
        "instructions_ratio": instructions_ratio(rounds),
        "ffmpeg_loading_cpu_s": round(loading.cpu_s, 3),
        "ratio_with_ffmpeg_loading": round(median_ratio(whole), 4),
        "ffmpeg": other.command,
        "x264_differences": differences,
        "daemon_gaps": sum(d.gaps for d, _ in runs),
        **(more or {}),
    }
    doubt = f"x264 was not told the same (daemon / ffmpeg): {differences}" if differences and alike else ""
    return Figure(name, round(median_ratio(rounds), 4), "ratio", budget, detail, doubt)
