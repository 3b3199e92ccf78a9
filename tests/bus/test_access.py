"""Credentials and certificates: each mistake is named by key and file, and the secret stays one."""

from collections.abc import Callable
from pathlib import Path

import pytest

from followspot.bus.access import broker_access
from followspot.domain.errors import ConfigurationError
from followspot.settings.models import MqttSettings


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    file = tmp_path / "password"
    file.write_text("tr0ub4dor\n")
    file.chmod(0o640)
    return file


def test_the_password_is_read_and_not_shown(secret: Path) -> None:
    access = broker_access(MqttSettings(username="spot", password_file=secret))
    assert access.password == "tr0ub4dor"
    assert "tr0ub4dor" not in repr(access)


def test_nothing_set_is_nothing_shown() -> None:
    access = broker_access(MqttSettings())
    assert (access.username, access.password, access.tls) == (None, None, None)


def world_readable(secret: Path) -> MqttSettings:
    secret.chmod(0o644)
    return MqttSettings(username="spot", password_file=secret)


def readable_key(secret: Path) -> MqttSettings:
    secret.chmod(0o644)
    return MqttSettings(tls=True, certificate_file=secret, key_file=secret)


def not_text(secret: Path) -> MqttSettings:
    secret.write_bytes(b"\xff\xfe")
    return MqttSettings(username="spot", password_file=secret)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (world_readable, r"mqtt\.password_file .*chmod"),
        (not_text, r"mqtt\.password_file .*not UTF-8"),
        (lambda file: MqttSettings(username="spot", password_file=file / "x"), r"mqtt\.password_file .*cannot be read"),
        (lambda file: MqttSettings(password_file=file), r"mqtt\.username is empty"),
        (lambda file: MqttSettings(ca_file=file), r"mqtt\.ca_file .*PEM"),
        (lambda file: MqttSettings(ca_file=file.with_name("no")), r"mqtt\.ca_file .*No such file"),
        (lambda file: MqttSettings(host="a..b"), r"mqtt\.host 'a\.\.b'"),
        (lambda file: MqttSettings(tls=True, certificate_file=file), r"mqtt\.certificate_file .*set both"),
        (lambda file: MqttSettings(tls=True, certificate_file=file, key_file=file), r"mqtt\.key_file .* no pair"),
        (lambda file: MqttSettings(tls=True, certificate_file=file.with_name("no"), key_file=file), r"cannot be read"),
        (lambda file: MqttSettings(proxy="http://proxy.school"), r"mqtt\.proxy .* needs a host and a port"),
        (lambda file: MqttSettings(proxy="http://proxy.school:99999"), r"mqtt\.proxy .* no address"),
        (lambda file: MqttSettings(proxy="http://a..b:1"), r"mqtt\.proxy 'a\.\.b'"),
        (lambda file: MqttSettings(proxy="http://p:1", proxy_password_file=file), r"mqtt\.proxy_username is empty"),
        (readable_key, r"mqtt\.key_file .* can be read by everyone"),
    ],
)
def test_mistakes(secret: Path, make: Callable[[Path], MqttSettings], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words) as refusal:
        broker_access(make(secret))
    assert "tr0ub4dor" not in str(refusal.value)
