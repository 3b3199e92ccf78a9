"""How to get into the broker: credentials, certificates and proxy, read once and never logged."""

import ssl
import stat
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from followspot.domain.errors import ConfigurationError
from followspot.settings.models import MqttSettings


@dataclass(frozen=True, slots=True)
class ProxyAccess:
    """The way out of a network that lets nobody out by himself. `kind` is http or socks5."""

    kind: str
    host: str
    port: int
    username: str | None
    password: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class BrokerAccess:
    """What the client shows to the broker, what it demands of it, and through whom it goes."""

    username: str | None
    password: str | None = field(repr=False)
    tls: ssl.SSLContext | None
    proxy: ProxyAccess | None = None


def broker_access(settings: MqttSettings) -> BrokerAccess:
    """Read the files that `[mqtt]` names. Raises ConfigurationError naming the key and the file."""
    _check_host("mqtt.host", settings.host)
    password = _password("mqtt.password_file", settings.password_file, "mqtt.username", settings.username)
    tls = _tls_context(settings) if settings.uses_tls else None
    return BrokerAccess(settings.username or None, password, tls, _proxy(settings))


def _proxy(settings: MqttSettings) -> ProxyAccess | None:
    if not settings.proxy:
        return None
    try:
        parts = urlsplit(settings.proxy)
        kind, host, port = parts.scheme, parts.hostname, parts.port
    except ValueError as error:
        raise ConfigurationError(f"mqtt.proxy {settings.proxy!r} is no address: {error}") from error
    if host is None or port is None:
        raise ConfigurationError(f"mqtt.proxy {settings.proxy!r} needs a host and a port, as http://proxy.school:3128")
    _check_host("mqtt.proxy", host)
    username = settings.proxy_username
    password = _password("mqtt.proxy_password_file", settings.proxy_password_file, "mqtt.proxy_username", username)
    return ProxyAccess(kind, host, port, username or None, password)


def _check_host(key: str, host: str) -> None:
    try:
        host.encode("idna")
    except UnicodeError as error:
        raise ConfigurationError(f"{key} {host!r} cannot be the name of a host: {error}") from error


def _password(key: str, path: Path | None, user_key: str, username: str) -> str | None:
    if path is None:
        return None
    if not username:
        raise ConfigurationError(f"{key} is set but {user_key} is empty: set both or neither")
    _check_secret(key, path)
    try:
        return path.read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as error:
        raise ConfigurationError(f"{key} {path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{key} {path} is not UTF-8 text") from error


def _check_secret(key: str, path: Path) -> None:
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise ConfigurationError(f"{key} {path} cannot be read: {error.strerror}") from error
    if mode & (stat.S_IROTH | stat.S_IWOTH):
        raise ConfigurationError(f"{key} {path} can be read by everyone: chmod o-rw {path}")


def _tls_context(settings: MqttSettings) -> ssl.SSLContext:
    path = settings.ca_file
    try:
        context = ssl.create_default_context(cafile=None if path is None else str(path))
    except ssl.SSLError as error:
        raise ConfigurationError(f"mqtt.ca_file {path} holds no certificate in PEM form") from error
    except OSError as error:
        raise ConfigurationError(f"mqtt.ca_file {path} cannot be read: {error.strerror}") from error
    if settings.certificate_file is not None:
        _show_certificate(context, settings.certificate_file, settings.key_file)
    return context


def _show_certificate(context: ssl.SSLContext, certificate: Path, key: Path | None) -> None:
    if key is None:
        raise ConfigurationError("mqtt.certificate_file is set but mqtt.key_file is not: set both or neither")
    _check_secret("mqtt.key_file", key)
    try:
        context.load_cert_chain(certificate, key, password="")
    except ssl.SSLError as error:
        raise ConfigurationError(
            f"mqtt.certificate_file {certificate} and mqtt.key_file {key} are no pair in PEM form, or the key has a "
            f"password: {error.reason}"
        ) from error
    except OSError as error:
        raise ConfigurationError(
            f"mqtt.certificate_file {certificate} or mqtt.key_file {key} cannot be read: {error.strerror}"
        ) from error
