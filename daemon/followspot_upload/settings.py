"""The uploader's configuration file, /etc/followspot/upload.toml; config/upload.toml explains every key."""

import stat
import tomllib
from datetime import time
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from followspot_upload.errors import ConfigurationError

DEFAULT_PATH = Path("/etc/followspot/upload.toml")
TextPath = Annotated[Path, Field(strict=False)]


class Table(BaseModel):
    """A table of the file: unknown keys and values of another type are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class MqttSettings(Table):
    """`[mqtt]`: the broker that the devices speak to."""

    host: str = Field(default="127.0.0.1", min_length=1)
    port: int = Field(default=1883, ge=1, le=65_535)
    username: str = ""
    password_file: TextPath | None = None
    ca_file: TextPath | None = None
    client_id: str = Field(default="followspot-upload", pattern=r"^[A-Za-z0-9_-]{1,64}$")
    share: str = Field(default="", pattern=r"^[A-Za-z0-9_-]{0,64}$")
    ask_after_min: float = Field(default=30.0, gt=0, le=1440)
    device: str = Field(default="+", pattern=r"^(\+|[A-Za-z0-9_-]{1,64})$")

    def password(self) -> str | None:
        """What the file holds. Raises ConfigurationError."""
        return None if self.password_file is None else read_secret("mqtt.password_file", self.password_file)


class MediaSettings(Table):
    """`[media]`: where the devices' media lies on this machine."""

    root: str = Field(default="/var/lib/followspot/media", pattern=r"^/")
    fallback: str = Field(default="", pattern=r"^(/.*)?$")
    state: TextPath = Path("/var/lib/followspot-upload")

    def folders(self, device: str) -> list[Path]:
        """Where a device's media may be, the likely place first."""
        return [Path(text.replace("{device}", device)) for text in (self.root, self.fallback) if text]


class StoreSettings(Table):
    """`[store]`: where it goes."""

    kind: Literal["s3", "tus"] = "s3"
    url: str = Field(default="", pattern=r"^(https?://.+)?$")
    bucket: str = ""
    region: str = "us-east-1"
    prefix: str = ""
    access_key: str = ""
    secret_file: TextPath | None = None

    @model_validator(mode="after")
    def _is_complete(self) -> "StoreSettings":
        if self.kind == "s3" and not self.bucket:
            raise ValueError("an S3 store needs a bucket")
        if self.kind == "tus" and not self.url:
            raise ValueError("a tus store needs a url")
        if self.kind == "s3" and bool(self.access_key) != (self.secret_file is not None):
            raise ValueError("access_key and secret_file go together: set both or neither")
        return self

    def secret(self) -> str | None:
        """What the file holds. Raises ConfigurationError."""
        return None if self.secret_file is None else read_secret("store.secret_file", self.secret_file)


class LineSettings(Table):
    """`[line]`: when and how fast."""

    rate_kbps: float = Field(default=0.0, ge=0, le=10_000_000)
    start: time = time(0, 0)
    end: time = time(0, 0)


class LogSettings(Table):
    """`[log]`: what the journal gets."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"


class Settings(Table):
    """The whole file."""

    mqtt: MqttSettings = MqttSettings()
    media: MediaSettings = MediaSettings()
    store: StoreSettings
    line: LineSettings = LineSettings()
    log: LogSettings = LogSettings()


def load(path: Path) -> Settings:
    """The settings in the file. Raises ConfigurationError that names every wrong key."""
    try:
        return Settings.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}; copy config/upload.toml there") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} is not TOML: {error}") from error
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        lines = (f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in found)
        raise ConfigurationError("\n".join((f"{path} cannot be used:", *lines))) from error


def read_secret(key: str, path: Path) -> str:
    """A secret that nobody else may read. Raises ConfigurationError naming the key and the file."""
    try:
        if path.stat().st_mode & stat.S_IROTH:
            raise ConfigurationError(f"{key} {path} can be read by everyone: chmod o-r {path}")
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{key} {path} cannot be read: {error}") from error
