"""What sound coders cost, and how exact they are."""

from pathlib import Path

from followspot_sim.bench import coders
from followspot_sim.bench.options import BenchOptions


def test_every_coder_is_measured_and_gives_the_sound_back(tmp_path: Path) -> None:
    [figure] = coders.measure(BenchOptions(tmp_path, rounds=1, seconds=3))
    assert figure.value > 0
    assert set(figure.detail) == {coder.name for coder in coders.coders()}
    for name, found in figure.detail.items():
        assert isinstance(found, dict)
        assert found["error_db"] < -10, f"{name}: not found again, or out of step"
        assert 20 < found["kbps"] < 200
