"""The models of the configuration file, one class per table. config/followspot.toml explains every key."""

import json
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from followspot.domain.shots import ShotName
from followspot.domain.sound import MicrophoneRole
from followspot.domain.zones import Zone
from followspot_dock.settings import DockSettings


class Table(BaseModel):
    """A table of the file: unknown keys and values of another type are errors; nothing changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


# TOML knows neither paths nor tuples: these are made from its texts and lists.
TextPath = Annotated[Path, Field(strict=False)]


def _absolute(path: Path) -> Path:
    if not path.is_absolute():
        raise ValueError("a relative path would depend on where the daemon was started")
    return path


FolderPath = Annotated[TextPath, AfterValidator(_absolute)]
_FOLDER = "an absolute path, beginning with /"


class DeviceSettings(Table):
    """`[device]`: who this box is."""

    id: str = Field(
        default="followspot",
        pattern=r"^[A-Za-z0-9_-]{1,64}$",
        description="a text of 1 to 64 letters, digits, _ or -",
    )


class PathSettings(Table):
    """`[paths]`: where things live. Media may be removable; state never is."""

    media: FolderPath = Field(default=Path("/var/lib/followspot/media"), description=_FOLDER)
    fallback: FolderPath | None = Field(default=None, description=_FOLDER)
    state: FolderPath = Field(default=Path("/var/lib/followspot/state"), description=_FOLDER)
    runtime: FolderPath = Field(default=Path("/run/followspot"), description=_FOLDER)

    @property
    def control_socket(self) -> Path:
        """Where the daemon takes commands from the `followspot` command."""
        return self.runtime / "control.sock"


CameraMode = Literal["mjpeg", "yuyv422", "h264"]


class CameraSettings(Table):
    """`[camera]`: anything PyAV opens."""

    url: str = Field(default="/dev/video0", min_length=1, description="a text that is not empty")
    format: str = "v4l2"
    input_format: Literal["auto", "mjpeg", "yuyv422", "h264"] = "auto"
    options: dict[str, str] = Field(default_factory=dict)
    hfov_deg: float = Field(default=62.0, ge=10, le=150)
    rate_hz: float = Field(default=30.0, ge=1, le=60)
    timestamps: Literal["monotonic", "arrival"] = "monotonic"
    latency_ms: float = Field(default=0.0, ge=0, le=1000)
    open_timeout_s: float = Field(default=5.0, ge=0.5, le=60)
    stall_timeout_s: float = Field(default=0.5, ge=0.1, le=10)
    frozen_after_s: float = Field(default=20.0, ge=0, le=600)
    fill: Literal["hold", "black"] = "hold"
    rotation: Literal[0, 90, 180, 270] = 0
    mirror: bool = False
    exposure_ms: float | None = Field(default=None, ge=0.1, le=1000)
    focus: int | None = Field(default=None, ge=0, le=100_000)
    white_balance_k: int | None = Field(default=None, ge=1000, le=20_000)
    power_line_hz: Literal[50, 60] | None = None
    lock_after_s: float = Field(default=0.0, ge=0, le=600)

    @property
    def sideways(self) -> bool:
        """Whether the camera lies on its side: the upright picture is as high as the camera's is wide."""
        return self.rotation in (90, 270)


class MicrophoneSettings(Table):
    """`[microphone]`: the teacher's, an ALSA device or any URL with sound; an empty url: there is none."""

    url: str = ""
    format: str = "alsa"
    options: dict[str, str] = Field(default_factory=dict)
    latency_ms: float = Field(default=0.0, ge=-1000, le=1000)
    open_timeout_s: float = Field(default=5.0, ge=0.5, le=60)
    stall_timeout_s: float = Field(default=0.5, ge=0.1, le=10)
    silent_below_dbfs: float = Field(default=-80.0, ge=-110, le=-40)
    silent_after_s: float = Field(default=5.0, ge=1, le=60)


class RoomMicrophoneSettings(MicrophoneSettings):
    """`[room_microphone]`: the one that hears the children."""

    gain_db: float = Field(default=0.0, ge=-40, le=40)
    duck_db: float = Field(default=12.0, ge=0, le=60)
    single_files: bool = True


class ZoneSettings(Table):
    """A rectangle of the room as the dock sees it, in degrees to the right and upwards."""

    left_deg: float = Field(ge=-180, le=180)
    right_deg: float = Field(ge=-180, le=180)
    bottom_deg: float = Field(default=-90.0, ge=-90, le=90)
    top_deg: float = Field(default=90.0, ge=-90, le=90)

    @property
    def zone(self) -> Zone:
        """What the framing makes of it."""
        return Zone(self.left_deg, self.right_deg, self.bottom_deg, self.top_deg)

    @property
    def in_order(self) -> bool:
        """Whether left is left of right, and bottom below top."""
        return self.left_deg < self.right_deg and self.bottom_deg < self.top_deg


_ZONE = "{ left_deg = A, right_deg = B, bottom_deg = C, top_deg = D }"


class ViewSettings(Table):
    """`[view]`: the recorded picture."""

    width: int = Field(default=1280, ge=160, le=1920, multiple_of=2)
    height: int = Field(default=720, ge=90, le=1080, multiple_of=2)
    shot: Annotated[ShotName, Field(strict=False)] = Field(
        default=ShotName.WAIST, description="one of " + ", ".join(json.dumps(name) for name in ShotName)
    )
    shot_share: float | None = Field(default=None, ge=0.15, le=0.8)
    headroom_share: float | None = Field(default=None, ge=0, le=0.4)
    lead_share: float = Field(default=0.0, ge=0, le=0.15)
    max_upscale: float = Field(default=1.6, ge=1, le=3)
    hide_blocked: bool = False
    lookahead_s: float = Field(default=0.7, ge=0, le=1.5)
    board: ZoneSettings | None = Field(default=None, description=_ZONE)


class TrackingSettings(Table):
    """`[tracking]`: how the teacher is found."""

    vision: bool = True
    vision_rate_hz: float = Field(default=10.0, ge=1, le=30)
    badge: int | None = Field(default=None, ge=0, le=49)
    badge_mm: float = Field(default=130.0, ge=60, le=150)
    marker_sigma_deg: float = Field(default=1.0, gt=0, le=10)
    marker_height_m: float = Field(default=1.35, ge=0.3, le=2.2)
    stature_m: float = Field(default=1.70, ge=1.2, le=2.2)
    typical_distance_m: float = Field(default=3.5, ge=1, le=15)
    lost_timeout_s: float = Field(default=8.0, ge=1, le=120)
    area: ZoneSettings | None = Field(default=None, description=_ZONE)
    blocked: Annotated[tuple[ZoneSettings, ...], Field(strict=False)] = Field(
        default=(), max_length=16, description=f"a list of at most 16 of {_ZONE}"
    )


class SteeringSettings(Table):
    """`[steering]`: how the motors move."""

    dead_band_deg: float = Field(default=3.0, ge=0, le=20)
    max_rate_dps: float = Field(default=90.0, gt=0, le=360)
    max_acceleration_dps2: float = Field(default=240.0, gt=0, le=2000)
    ttl_ms: int = Field(default=250, ge=50, le=500)
    follow_when_idle: bool = True
    home_pan_deg: float = Field(default=0.0, ge=-180, le=180)
    home_tilt_deg: float = Field(default=0.0, ge=-90, le=90)


CoderName = Literal["libx264", "h264_v4l2m2m"]
WantedCoder = Literal["auto", "libx264", "h264_v4l2m2m"]


class EncoderSettings(Table):
    """`[encoder]`: H.264 and AAC."""

    codec: WantedCoder = "auto"
    preset: Literal["ultrafast", "superfast", "veryfast", "faster", "fast", "medium"] = "superfast"
    aq_strength: float = Field(default=0.0, ge=0, le=2)
    bitrate_kbps: int = Field(default=4000, ge=200, le=20_000)
    full_bitrate_kbps: int = Field(default=6000, ge=200, le=40_000)
    audio_bitrate_kbps: int = Field(default=96, ge=32, le=320)

    @property
    def coder(self) -> CoderName:
        """FFmpeg's name of the H.264 encoder; where nothing was tried, the one that always works."""
        return "libx264" if self.codec == "auto" else self.codec


class RecordingSettings(Table):
    """`[recording]`: segments and durability."""

    picture: Literal["framed", "full", "both"] = "framed"
    segment_s: float = Field(default=60.0, ge=2, le=600)
    fragment_s: float = Field(default=0.5, ge=0.2, le=2)
    resume_within_min: float = Field(default=10.0, ge=0, le=120)
    pause_limit_min: float = Field(default=120.0, ge=1, le=1440)
    one_file: bool = True
    reserve_mb: int = Field(default=64, ge=1, le=4096)


class RetentionSettings(Table):
    """`[retention]`: how long media stays, and what a shrinking disk asks for."""

    grace_h: float = Field(default=24.0, ge=0, le=8760)
    keep_days: float = Field(default=7.0, ge=0, le=3650)
    unacknowledged_days: float | None = Field(default=None, ge=1, le=3650)
    warn_min: float = Field(default=180.0, ge=0, le=100_000)
    free_min: float = Field(default=240.0, ge=0, le=100_000)
    start_min: float = Field(default=15.0, ge=0, le=1000)
    end_min: float = Field(default=3.0, ge=0, le=100)
    events_days: float = Field(default=60.0, ge=1, le=3650)


CommandName = Literal["start", "stop", "home", "pause", "resume", "bookmark"]


class MqttSettings(Table):
    """`[mqtt]`: the broker. An empty host switches events off the wire; they are kept until there is one."""

    host: str = "127.0.0.1"
    port: int = Field(default=1883, ge=1, le=65_535)
    transport: Literal["tcp", "websockets"] = "tcp"
    websocket_path: str = Field(default="/mqtt", pattern=r"^/[^\s?#]*$", description="a path, beginning with /")
    username: str = ""
    password_file: TextPath | None = None
    tls: bool = False
    ca_file: TextPath | None = None
    certificate_file: TextPath | None = None
    key_file: TextPath | None = None
    proxy: str = Field(
        default="",
        pattern=r"^((http|socks5)://[^\s@/?#]+/?)?$",
        description="a text like http://host:port or socks5://host:port",
    )
    proxy_username: str = ""
    proxy_password_file: TextPath | None = None
    keepalive_s: int = Field(default=20, ge=5, le=600)
    allow: Annotated[tuple[CommandName, ...], Field(strict=False)] = ("stop", "pause", "bookmark")

    @property
    def uses_tls(self) -> bool:
        """Whether the line is encrypted: an authority of one's own is named for nothing else."""
        return self.tls or self.ca_file is not None


class PanelSettings(Table):
    """`[panel]`: the button and the lamp on the box, BCM pin numbers."""

    enabled: bool = True
    button_pin: int = Field(default=17, ge=0, le=27)
    lamp_pin: int = Field(default=27, ge=0, le=27)


class LogSettings(Table):
    """`[log]`: what the journal gets."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"


class Settings(Table):
    """The whole file."""

    device: DeviceSettings = DeviceSettings()
    paths: PathSettings = PathSettings()
    camera: CameraSettings = CameraSettings()
    microphone: MicrophoneSettings = MicrophoneSettings()
    room_microphone: RoomMicrophoneSettings = RoomMicrophoneSettings()
    dock: DockSettings = DockSettings()
    view: ViewSettings = ViewSettings()
    tracking: TrackingSettings = TrackingSettings()
    steering: SteeringSettings = SteeringSettings()
    encoder: EncoderSettings = EncoderSettings()
    recording: RecordingSettings = RecordingSettings()
    retention: RetentionSettings = RetentionSettings()
    mqtt: MqttSettings = MqttSettings()
    panel: PanelSettings = PanelSettings()
    log: LogSettings = LogSettings()

    @property
    def hides_zones(self) -> bool:
        """Whether there are parts of the room that must never be seen."""
        return self.view.hide_blocked and bool(self.tracking.blocked)

    @property
    def lookahead_s(self) -> float:
        """How much later than it comes a picture's crop is decided; what is recorded whole has no crop to decide."""
        return 0.0 if self.recording.picture == "full" else self.view.lookahead_s

    @property
    def microphones(self) -> tuple[tuple[MicrophoneRole, MicrophoneSettings], ...]:
        """Those that are configured."""
        both = ((MicrophoneRole.TEACHER, self.microphone), (MicrophoneRole.ROOM, self.room_microphone))
        return tuple((role, microphone) for role, microphone in both if microphone.url)

    @property
    def single_sounds(self) -> tuple[MicrophoneRole, ...]:
        """Those that are also kept by themselves: one that is alone is on the first track as it is."""
        if not self.room_microphone.single_files or len(self.microphones) < len(MicrophoneRole):
            return ()
        return tuple(role for role, _ in self.microphones)

    @property
    def both_pictures(self) -> bool:
        """Whether the full picture is recorded beside the framed one."""
        return self.recording.picture == "both"

    @property
    def picture_kbps(self) -> int:
        """What all pictures of a lesson take."""
        return self.encoder.bitrate_kbps + (self.encoder.full_bitrate_kbps if self.both_pictures else 0)

    @property
    def sound_kbps(self) -> int:
        """What all sound tracks of a lesson take: the full picture has its sound with it."""
        tracks = 1 + self.both_pictures + len(self.single_sounds)
        return self.encoder.audio_bitrate_kbps * tracks
