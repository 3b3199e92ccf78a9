"""A box that does nothing but empty its outbox, to be killed: outbox_child.py FOLDER PORT."""

import asyncio
import sys
from pathlib import Path

from followspot.app.clock import SystemClock
from followspot.bus.envelope import renderer
from followspot.bus.mqtt import MqttBus
from followspot.domain.alerts import AlertRegistry
from followspot.domain.commands import Answer, Command
from followspot.settings.models import MqttSettings, PathSettings, Settings
from followspot.storage.storage import Storage


async def nothing(command: Command) -> Answer:
    return Answer(id=command.id, accepted=True, code="ok", text="")


async def main(folder: Path, port: int) -> None:
    paths = PathSettings(media=folder / "media", state=folder / "state", runtime=folder / "run")
    settings = Settings(paths=paths, mqtt=MqttSettings(port=port))
    storage = Storage(settings, SystemClock(), renderer("box-7"), lambda _notice: None, lambda: None)
    await storage.open()
    bus = MqttBus(settings, SystemClock(), storage, AlertRegistry(), nothing, storage.acknowledge)
    running = asyncio.create_task(bus.run())
    while await storage.pending(0, 1):  # noqa: ASYNC110 - only the outbox tells
        await asyncio.sleep(0.05)
    resident_kib = int(Path("/proc/self/statm").read_text().split()[1]) * 4
    sys.stdout.write(f"{resident_kib}\n")
    running.cancel()
    await asyncio.wait([running])
    await storage.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
