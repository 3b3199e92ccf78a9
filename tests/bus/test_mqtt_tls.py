"""The bus over TLS, WebSocket and proxies: the broker that the configuration vouches for, and no other."""

import asyncio
import base64
import contextlib
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from followspot.domain.alerts import AlertCode
from followspot_sim.stage.broker import free_port, listens
from support.programs import require_program

Until = Callable[..., Awaitable[None]]
SERVER = ("cafile {folder}/school.crt", "certfile {folder}/broker.crt", "keyfile {folder}/broker.key")


def openssl(*arguments: str) -> None:
    subprocess.run([require_program("openssl"), *arguments], check=True, capture_output=True)


def make_authority(folder: Path, name: str) -> Path:
    """A self-signed authority; its key beside it."""
    request = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1"]
    openssl(
        *request, "-subj", f"/CN={name}", "-keyout", str(folder / f"{name}.key"), "-out", str(folder / f"{name}.crt")
    )
    return folder / f"{name}.crt"


def make_certificate(folder: Path, name: str, authority: str = "school") -> Path:
    """A certificate for 127.0.0.1 that the authority signed; its key beside it, for the owner alone."""
    request, extra = folder / f"{name}.csr", folder / f"{name}.ext"
    key = folder / f"{name}.key"
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    openssl("req", *curve, "-subj", f"/CN={name}", "-keyout", str(key), "-out", str(request))
    extra.write_text("subjectAltName=IP:127.0.0.1\n")
    signer = ["-CA", str(folder / f"{authority}.crt"), "-CAkey", str(folder / f"{authority}.key"), "-CAcreateserial"]
    certificate = folder / f"{name}.crt"
    openssl(
        "x509", "-req", "-in", str(request), *signer, "-days", "1", "-extfile", str(extra), "-out", str(certificate)
    )
    key.chmod(0o640)
    return certificate


def make_user(users: Path, name: str, password: str) -> None:
    subprocess.run([require_program("mosquitto_passwd"), "-b", str(users), name, password], check=True)


def web_sockets(*options: str) -> tuple[int, tuple[str, ...]]:
    """The port and the configuration of a listener for WebSocket, beside the plain one that mosquitto needs."""
    port = free_port()
    return port, (f"listener {port} 127.0.0.1", "protocol websockets", *options)


@pytest.fixture
def school(tmp_path: Path) -> Path:
    """The folder with the school's authority and its broker's certificate."""
    make_authority(tmp_path, "school")
    make_certificate(tmp_path, "broker")
    return tmp_path


# paho leaves the socket of a failed handshake to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_the_box_talks_only_to_the_broker_that_it_was_told_to_trust(
    make_broker, make_box, until: Until, school: Path
) -> None:
    broker = make_broker(*SERVER)
    broker.start()
    box = make_box(broker.port, ca_file=school / "school.crt")
    box.outbox.add(3)
    await until(lambda: box.outbox.is_empty)

    deceived = make_box(broker.port, ca_file=make_authority(school, "impostor"))
    await until(lambda: deceived.alerts.is_active(AlertCode.BROKER_UNREACHABLE))
    assert "certificate verify failed" in deceived.alerts.active[0].message


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_a_broker_that_knows_the_authorities_of_the_system_only_is_not_ours(
    make_broker, make_box, until: Until, school: Path
) -> None:
    broker = make_broker(*SERVER)
    broker.start()
    box = make_box(broker.port, tls=True)
    await until(lambda: box.alerts.is_active(AlertCode.BROKER_UNREACHABLE))
    assert "certificate verify failed" in box.alerts.active[0].message


async def test_the_box_shows_its_certificate(make_broker, make_box, until: Until, school: Path) -> None:
    certificate = make_certificate(school, "box-7")
    broker = make_broker(*SERVER, "require_certificate true", "use_identity_as_username true", "acl_file {folder}/acl")
    broker.rules.write_text("user box-7\ntopic readwrite followspot/v1/box-7/#\n")
    broker.start()
    box = make_box(
        broker.port, ca_file=school / "school.crt", certificate_file=certificate, key_file=school / "box-7.key"
    )
    box.outbox.add(3)
    await until(lambda: box.outbox.is_empty)
    assert not box.alerts.active


async def test_a_password_from_a_file_opens_and_is_logged_nowhere(
    make_broker, make_box, until: Until, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    users, secret = tmp_path / "users", tmp_path / "password"
    users.touch(0o600)
    make_user(users, "spot", "tr0ub4dor")
    secret.write_text("tr0ub4dor\n")
    secret.chmod(0o400)  # as systemd lays a credential down
    broker = make_broker("allow_anonymous false", "password_file {folder}/users")
    broker.start()
    box = make_box(broker.port, username="spot", password_file=secret)
    box.outbox.add(1)
    await until(lambda: box.outbox.is_empty)
    secret.chmod(0o600)
    secret.write_text("wrong-0ne\n")
    refused = make_box(broker.port, username="spot", password_file=secret)
    await until(lambda: refused.alerts.is_active(AlertCode.BROKER_REFUSED))
    said = caplog.text + refused.alerts.active[0].message
    assert "tr0ub4dor" not in said
    assert "wrong-0ne" not in said


async def test_events_pass_through_web_sockets(make_broker, make_subscriber, make_box, until: Until) -> None:
    port, listener = web_sockets()
    broker = make_broker(*listener)
    broker.start()
    await until(lambda: listens(port))
    box = make_box(port, transport="websockets", websocket_path="/mqtt")
    box.outbox.add(50)
    await until(lambda: box.outbox.is_empty)
    broker.kill()
    await until(lambda: box.alerts.is_active(AlertCode.BROKER_UNREACHABLE))
    box.outbox.add(50)
    await asyncio.to_thread(broker.start)
    await until(lambda: box.outbox.is_empty)


@dataclass
class SchoolProxy:
    """An HTTP CONNECT or SOCKS 5 proxy that lets one user through."""

    kind: str
    port: int = 0
    asked: list[str] = field(default_factory=list)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        port = await (self._connect(reader, writer) if self.kind == "http" else self._socks(reader, writer))
        if port is None:
            writer.close()
            return
        there = await asyncio.open_connection("127.0.0.1", port)
        flows = [asyncio.create_task(copy(reader, there[1])), asyncio.create_task(copy(there[0], writer))]
        await asyncio.wait(flows)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> int | None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.asked.append(head.split()[1])
        token = base64.b64encode(b"pupil:s3cret").decode()
        allowed = f"basic {token}".lower() in head.lower()
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n" if allowed else b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
        await writer.drain()
        return int(self.asked[-1].rpartition(":")[2]) if allowed else None

    async def _socks(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> int | None:
        _, methods = await reader.readexactly(2)
        await reader.readexactly(methods)
        writer.write(b"\x05\x02")
        _, length = await reader.readexactly(2)
        user = await reader.readexactly(length)
        secret = await reader.readexactly((await reader.readexactly(1))[0])
        allowed = (user, secret) == (b"pupil", b"s3cret")
        writer.write(b"\x01\x00" if allowed else b"\x01\x01")
        if not allowed:
            await writer.drain()
            return None
        kind = (await reader.readexactly(4))[3]
        length = 4 if kind == 1 else (await reader.readexactly(1))[0]
        host = await reader.readexactly(length)
        port = int.from_bytes(await reader.readexactly(2))
        self.asked.append(f"{host!r}:{port}")
        writer.write(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
        return port


async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.close()


@contextlib.asynccontextmanager
async def school_proxy(kind: str) -> AsyncIterator[SchoolProxy]:
    proxy = SchoolProxy(kind)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()


@pytest.mark.parametrize("kind", ["http", "socks5"])
async def test_the_way_out_leads_through_a_proxy(kind: str, make_broker, make_box, until: Until, school: Path) -> None:
    """All at once, as a school needs it: a proxy with a login, WebSocket, and TLS from end to end."""
    secret = school / "proxy-password"
    secret.write_text("s3cret\n")
    secret.chmod(0o600)
    port, listener = web_sockets(*SERVER)
    broker = make_broker(*listener)
    broker.start()
    await until(lambda: listens(port))
    async with school_proxy(kind) as proxy:
        box = make_box(
            port,
            host="127.0.0.1",
            transport="websockets",
            ca_file=school / "school.crt",
            proxy=f"{kind}://127.0.0.1:{proxy.port}",
            proxy_username="pupil",
            proxy_password_file=secret,
        )
        box.outbox.add(5)
        await until(lambda: box.outbox.is_empty)
        assert proxy.asked[0].endswith(f":{port}")
        await box.stop()
        await asyncio.sleep(0.05)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_a_proxy_that_refuses_is_told(make_broker, make_box, until: Until) -> None:
    broker = make_broker()
    broker.start()
    async with school_proxy("http") as proxy:
        box = make_box(broker.port, proxy=f"http://127.0.0.1:{proxy.port}")
        await until(lambda: box.alerts.is_active(AlertCode.BROKER_UNREACHABLE))
        assert "407" in box.alerts.active[0].message
        await box.stop()
        await asyncio.sleep(0.05)
