"""No password of a camera is shown."""

import pytest

from followspot.domain.redact import redacted


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("/dev/video0", "/dev/video0"),
        ("hw:1,0", "hw:1,0"),
        ("tcp://127.0.0.1:9000", "tcp://127.0.0.1:9000"),
        ("rtsp://host:554/stream", "rtsp://host:554/stream"),
        ("rtsp://admin:secret@host:554/stream", "rtsp://***@host:554/stream"),
        ("rtsp://admin:se@cr/et?x@host/stream", "rtsp://***@host/stream"),
        ("http://[::1]:80/video", "http://[::1]:80/video"),
        ("http://host/video?user=admin&pw=secret", "http://host/video?***"),
        ("http://admin:secret@host/video?token=secret", "http://***@host/video?***"),
        ("rtsp://host/user=admin&password=secret&channel=1", "rtsp://host/user=admin&password=***&channel=1"),
        ("async:http://admin:secret@host/video", "async:http://***@host/video"),
    ],
)
def test_a_url_is_shown_without_its_secrets(url: str, shown: str) -> None:
    assert redacted(url) == shown
