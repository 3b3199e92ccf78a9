"""ALSA devices: where their library finds its configuration, and which there are."""

import os
import re
from pathlib import Path

_CONFIG_DIR = Path("/usr/share/alsa")
_ASOUND = Path("/proc/asound")

# hw:1,0, plughw:USB, hw:CARD=USB,DEV=0: the card by number or by name.
_CARD = re.compile(r"(?:plug)?hw:(?:CARD=)?(?P<card>\w+)")
# "01-00: USB Audio : USB Audio : capture 1" in /proc/asound/pcm.
_PCM = re.compile(r"(?P<card>\d+)-(?P<device>\d+): (?P<name>[^:]*?)\s*:.*\bcapture\b")


def find_configuration() -> None:
    """Tell the ALSA library in PyAV's wheel where Debian keeps its configuration: its own path leads into /tmp.

    To be called before the first ALSA device is opened; a path that the environment names already stays.
    """
    if not os.environ.keys() & {"ALSA_CONFIG_DIR", "ALSA_CONFIG_PATH"}:
        os.environ["ALSA_CONFIG_DIR"] = str(_CONFIG_DIR)


def what_is_wrong(device: str, asound: Path = _ASOUND, config_dir: Path = _CONFIG_DIR) -> str | None:
    """Why a device that names a card cannot be there, for people; None if nothing speaks against opening it."""
    if not (config_dir / "alsa.conf").exists() and not os.environ.get("ALSA_CONFIG_PATH"):
        return f"{config_dir}/alsa.conf is missing: install the package libasound2-data"
    named = _CARD.fullmatch(device.split(",")[0])
    if named is None or (asound / f"card{named['card']}").exists() or (asound / named["card"]).exists():
        return None
    return f"there is no sound card {named['card']}; {microphones(asound)}"


def microphones(asound: Path = _ASOUND) -> str:
    """The capture devices that there are, by the names that a configuration would use."""
    try:
        lines = (asound / "pcm").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    found = [match for line in lines if (match := _PCM.match(line))]
    if not found:
        return "no device that records sound is plugged in"
    return "here are " + ", ".join(f"hw:{int(m['card'])},{int(m['device'])} ({m['name']})" for m in found)
