"""CPU time and what was got for it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU seconds for so many recorded frames."""

    cpu_s: float
    frames: int

    @property
    def ms_per_frame(self) -> float:
        """CPU milliseconds for one frame."""
        return self.cpu_s * 1000 / self.frames

    def less(self, cpu_s: float) -> "Cost":
        """The same frames for so many CPU seconds less."""
        return Cost(self.cpu_s - cpu_s, self.frames)
