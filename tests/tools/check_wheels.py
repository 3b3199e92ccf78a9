"""Checks that every dependency installs from wheels on 64-bit Arm for each Python of Raspberry Pi OS.

Run by `make wheels`; it asks the package index and downloads nothing. Exit code 1 names what has no wheel.
"""

import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

PROJECT = Path(__file__).parents[2]
PYTHONS = ("3.11", "3.13")
"""Raspberry Pi OS bookworm and trixie."""
GLIBC_MINORS = range(17, 37)
"""Bookworm has glibc 2.36: wheels built for that or an older one run."""


def resolves(python: str, requirements: list[str]) -> bool:
    """Whether pip finds a set of aarch64 or pure wheels that satisfies the requirements."""
    platforms = [f"--platform=manylinux_2_{minor}_aarch64" for minor in GLIBC_MINORS]
    with tempfile.TemporaryDirectory() as nowhere:
        command = [
            *(sys.executable, "-m", "pip", "install", "--dry-run", "--quiet", "--disable-pip-version-check"),
            *("--ignore-installed", "--only-binary=:all:", f"--target={nowhere}", f"--python-version={python}"),
            *("--implementation=cp", "--platform=manylinux2014_aarch64", "--platform=linux_aarch64"),
            *platforms,
            *requirements,
        ]
        return subprocess.run(command, check=False).returncode == 0


def main() -> int:
    """Check the dependencies of daemon, simulator and uploader."""
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    requirements = [*project["dependencies"], *extras["sim"], *extras["upload"]]
    failed = False
    for python in PYTHONS:
        good = resolves(python, requirements)
        failed |= not good
        print(f"Python {python}, aarch64: {'every dependency has a wheel' if good else 'NOT installable from wheels'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
