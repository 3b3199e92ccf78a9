"""The bus over TLS: the broker that the configuration's certificate vouches for, and no other."""

import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from followspot.domain.alerts import AlertCode
from support.programs import require_program

Until = Callable[..., Awaitable[None]]


def make_certificate(folder: Path, name: str) -> Path:
    """A self-signed certificate for 127.0.0.1; its key beside it."""
    certificate = folder / f"{name}.crt"
    request = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1"]
    subject = ["-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(folder / f"{name}.key"), "-out", str(certificate)]
    subprocess.run([require_program("openssl"), *request, *subject, *files], check=True, capture_output=True)
    return certificate


# paho leaves the socket of a failed handshake to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_the_box_talks_only_to_the_broker_that_it_was_told_to_trust(
    make_broker, make_box, until: Until, tmp_path: Path
) -> None:
    trusted, other = make_certificate(tmp_path, "school"), make_certificate(tmp_path, "impostor")
    broker = make_broker("cafile {folder}/school.crt", "certfile {folder}/school.crt", "keyfile {folder}/school.key")
    broker.start()
    box = make_box(broker.port, ca_file=trusted)
    box.outbox.add(3)
    await until(lambda: box.outbox.is_empty)

    deceived = make_box(broker.port, ca_file=other)
    await until(lambda: deceived.alerts.is_active(AlertCode.BROKER_UNREACHABLE))
    assert "certificate verify failed" in deceived.alerts.active[0].message
