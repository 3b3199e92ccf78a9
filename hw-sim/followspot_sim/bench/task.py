"""What both programs are told to record: one description, as the daemon's configuration and as ffmpeg's options."""

from dataclasses import dataclass

AUDIO_CODER = "fast"
"""The daemon's AAC coder; ffmpeg's default is slower."""
MAX_RATE_FACTOR = 1.5
RATE_BUFFER_S = 2
AQ_STRENGTH = 0
"""As the daemon sets x264 by default."""
KEY_FRAME_INTERVAL_S = 10
"""As the daemon sets x264, whatever its configuration says."""


@dataclass(frozen=True, slots=True)
class Crop:
    """A part of the sensor picture, in even pixels."""

    width: int
    height: int
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Task:
    """Record `crop` at `width` x `height`."""

    crop: Crop
    width: int = 1280
    height: int = 720
    rate_hz: int = 30
    preset: str = "superfast"
    bitrate_kbps: int = 4000
    audio_bitrate_kbps: int = 96
    segment_s: float = 5.0
    """Short, so that the daemon's work at a cut (sync, hash, database, event) is in the figure."""
    fragment_s: float = 0.5
    camera_codec: str = "rawvideo"
    x264_defaults: bool = False
    """Leave to ffmpeg what it does by itself (frame threads, B-frames, scene cuts) at the same preset and bit rate."""

    def tables(self) -> dict[str, dict[str, object]]:
        """For the daemon. The crop is its own: what its framing decides."""
        return {
            "view": {"width": self.width, "height": self.height},
            "encoder": {
                "preset": self.preset,
                "bitrate_kbps": self.bitrate_kbps,
                "audio_bitrate_kbps": self.audio_bitrate_kbps,
            },
            "recording": {"segment_s": self.segment_s, "fragment_s": self.fragment_s},
        }

    def ffmpeg_options(self) -> list[str]:
        """Filter, encoders, key frames and segments for ffmpeg, up to the name of the files."""
        return [*self._picture(), *self._video(), *self._audio(), *self._segments()]

    def _picture(self) -> list[str]:
        crop = self.crop
        filters = f"crop={crop.width}:{crop.height}:{crop.x}:{crop.y}"
        if (crop.width, crop.height) != (self.width, self.height):
            filters += f",scale={self.width}:{self.height}:flags=bilinear"  # the daemon's filter too
        if self.camera_codec == "mjpeg":
            filters += ",format=yuv420p"  # 4:2:2 is more than players take
        return ["-vf", filters, "-fps_mode", "passthrough", "-enc_time_base:v", "1:90000"]

    def _video(self) -> list[str]:
        options = {
            "c:v": "libx264",
            "preset": self.preset,
            "b:v": f"{self.bitrate_kbps}k",
            "maxrate": f"{round(self.bitrate_kbps * MAX_RATE_FACTOR)}k",
            "bufsize": f"{self.bitrate_kbps * RATE_BUFFER_S}k",
            "g": KEY_FRAME_INTERVAL_S * self.rate_hz,
            "bf": 0,
            "sc_threshold": 0,
            "thread_type": "slice",
            "aq-strength": AQ_STRENGTH,
            "forced-idr": 1,
            "force_key_frames": f"expr:gte(t,n_forced*{self.segment_s:g})",
        }
        if self.x264_defaults:
            for name in ("bf", "sc_threshold", "thread_type", "aq-strength"):
                del options[name]
        return [text for name, value in options.items() for text in (f"-{name}", str(value))]

    def _audio(self) -> list[str]:
        return ["-c:a", "aac", "-aac_coder", AUDIO_CODER, "-b:a", f"{self.audio_bitrate_kbps}k", "-ac", "1"]

    def _segments(self) -> list[str]:
        flags = "frag_keyframe+empty_moov+default_base_moof"
        muxer = f"movflags={flags}:frag_duration={round(self.fragment_s * 1e6)}"
        segment = ["-f", "segment", "-segment_time", f"{self.segment_s:g}", "-reset_timestamps", "1"]
        return [*segment, "-segment_format", "mp4", "-segment_format_options", muxer]
