"""How to get into the broker: credentials and TLS, read once and never logged."""

import ssl
import stat
from dataclasses import dataclass, field
from pathlib import Path

from followspot.domain.errors import ConfigurationError
from followspot.settings.models import MqttSettings


@dataclass(frozen=True, slots=True)
class BrokerAccess:
    """What the client shows to the broker, and what it demands of it."""

    username: str | None
    password: str | None = field(repr=False)
    tls: ssl.SSLContext | None


def broker_access(settings: MqttSettings) -> BrokerAccess:
    """Read the files that `[mqtt]` names. Raises ConfigurationError naming the key and the file."""
    _check_host(settings.host)
    if settings.password_file is not None and not settings.username:
        raise ConfigurationError("mqtt.password_file is set but mqtt.username is empty: set both or neither")
    password = None if settings.password_file is None else _read_password(settings.password_file)
    tls = None if settings.ca_file is None else _tls_context(settings.ca_file)
    return BrokerAccess(settings.username or None, password, tls)


def _check_host(host: str) -> None:
    try:
        host.encode("idna")
    except UnicodeError as error:
        raise ConfigurationError(f"mqtt.host {host!r} cannot be the name of a host: {error}") from error


def _read_password(path: Path) -> str:
    try:
        if path.stat().st_mode & stat.S_IROTH:
            raise ConfigurationError(f"mqtt.password_file {path} can be read by everyone: chmod o-r {path}")
        return path.read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as error:
        raise ConfigurationError(f"mqtt.password_file {path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"mqtt.password_file {path} is not UTF-8 text") from error


def _tls_context(path: Path) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=str(path))
    except ssl.SSLError as error:
        raise ConfigurationError(f"mqtt.ca_file {path} holds no certificate in PEM form") from error
    except OSError as error:
        raise ConfigurationError(f"mqtt.ca_file {path} cannot be read: {error.strerror}") from error
