"""Builds the C sources beside the protocol document: every warning an error, every sanitizer on."""

import subprocess
from pathlib import Path

from support.programs import require_program

SOURCES = Path(__file__).parents[2] / "docs" / "dock-protocol"
_FLAGS = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-Wconversion", "-Wshadow", "-O1", "-g"]
_SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]


def build(program: Path, sources: list[Path], *flags: str) -> Path:
    """Compile, with sanitizers where the compiler has them."""
    compiler = require_program("gcc")
    names = [str(source) for source in sources]
    command = [compiler, *_FLAGS, *flags, f"-I{SOURCES}", "-o", str(program)]
    sanitizers = _SANITIZERS if _has_sanitizers(compiler, program.parent) else []
    done = subprocess.run([*command, *sanitizers, *names], capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    return program


def _has_sanitizers(compiler: str, folder: Path) -> bool:
    source = folder / "empty.c"
    source.write_text("int main(void) { return 0; }\n")
    command = [compiler, *_SANITIZERS, str(source), "-o", str(folder / "empty")]
    return subprocess.run(command, capture_output=True, timeout=60).returncode == 0
