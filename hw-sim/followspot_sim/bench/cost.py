"""CPU time, instructions where they can be counted, and what was got for them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU seconds for so many recorded frames; `instructions` in user mode, None where nobody counts them."""

    cpu_s: float
    frames: int
    instructions: float | None = None

    @property
    def ms_per_frame(self) -> float:
        """CPU milliseconds for one frame."""
        return self.cpu_s * 1000 / self.frames

    @property
    def instructions_per_frame(self) -> float | None:
        """Instructions for one frame."""
        return None if self.instructions is None else self.instructions / self.frames

    def less(self, cpu_s: float, instructions: float | None = None) -> "Cost":
        """The same frames for so much less."""
        left = None if self.instructions is None else self.instructions - (instructions or 0.0)
        return Cost(self.cpu_s - cpu_s, self.frames, left)
