"""The C sources, built once, and running."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dock_c.programs import CodecTool, HostDock
from support.c_build import SOURCES, build

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def codec_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("codec")
    return build(folder / "codec_tool", [SOURCES / "codec.c", HERE / "codec_tool.c"])


@pytest.fixture
def tool(codec_program: Path) -> Iterator[CodecTool]:
    tool = CodecTool(codec_program)
    yield tool
    tool.close()


@pytest.fixture(scope="session")
def host_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    firmware = SOURCES / "firmware"
    sources = [SOURCES / "codec.c", *sorted(firmware.glob("*.c")), *sorted(firmware.glob("host/*.c"))]
    flags = [f"-I{firmware}", f"-I{firmware / 'host'}"]
    return build(tmp_path_factory.mktemp("firmware") / "dock-host", sources, *flags)


@pytest.fixture
def host_dock(host_program: Path, tmp_path: Path) -> Iterator[HostDock]:
    dock = HostDock(host_program, tmp_path / "dev/serial/by-id/usb-Followspot_Dock-if00")
    yield dock
    dock.close()
