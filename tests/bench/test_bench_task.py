"""One description, two programs."""

from followspot_sim.bench.task import Crop, Task

TASK = Task(Crop(1280, 720, 0, 0), preset="fast", bitrate_kbps=3000, audio_bitrate_kbps=64, segment_s=7, fragment_s=0.4)


def options(task: Task) -> dict[str, str]:
    words = task.ffmpeg_options()
    return dict(zip(words[::2], words[1::2], strict=True))


def test_both_are_told_the_same() -> None:
    told = options(TASK)
    assert TASK.tables() == {
        "view": {"width": 1280, "height": 720},
        "encoder": {"preset": "fast", "bitrate_kbps": 3000, "audio_bitrate_kbps": 64},
        "recording": {"segment_s": 7, "fragment_s": 0.4},
    }
    assert (told["-preset"], told["-b:v"], told["-b:a"]) == ("fast", "3000k", "64k")
    assert (told["-segment_time"], told["-force_key_frames"]) == ("7", "expr:gte(t,n_forced*7)")
    assert told["-segment_format_options"].endswith(":frag_duration=400000")


def test_a_crop_of_the_recorded_size_is_not_scaled() -> None:
    assert options(TASK)["-vf"] == "crop=1280:720:0:0"
    assert options(Task(Crop(852, 480, 214, 120)))["-vf"] == "crop=852:480:214:120,scale=1280:720:flags=bilinear"
