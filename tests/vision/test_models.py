"""Installing the model: checked, whole or not at all; and which stack then runs."""

import hashlib
import zipfile
from pathlib import Path

import numpy as np
import pytest

from followspot.cli.main import main
from followspot.domain.analysis import AnalysisFrame
from followspot.domain.geometry import Aim
from followspot.domain.sighting import Hint
from followspot.settings.models import PathSettings, Settings
from followspot.vision.models import LICENCE_FILE, PACKAGE, SEGMENTATION, Model, ModelError, Package, installed, unpack
from followspot.vision.stack import load_stack
from followspot.vision.worker import VisionWorker

CONTENT = b"a model that is none"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "followspot.toml"
    file.write_text(f'[paths]\nstate = "{tmp_path}/state"\n')
    return file


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


MODEL = Model(SEGMENTATION.file, SEGMENTATION.member, hashlib.sha256(CONTENT).hexdigest())
PUBLISHED = Package(PACKAGE.name, PACKAGE.version, PACKAGE.licence, (MODEL,))


def wheel(folder: Path, content: bytes | None) -> Path:
    file = folder / "package.whl"
    with zipfile.ZipFile(file, "w") as package:
        package.writestr(PACKAGE.licence, "Apache License")
        if content is not None:
            package.writestr(SEGMENTATION.member, content)
    return file


def test_a_wheel_is_unpacked_with_its_licence(tmp_path, state):
    files = unpack(wheel(tmp_path, CONTENT), state, PUBLISHED)
    assert (state / "models" / SEGMENTATION.file).read_bytes() == CONTENT
    assert (state / "models" / LICENCE_FILE).read_text() == "Apache License"
    assert sorted(files) == sorted((state / "models").iterdir())
    assert installed(state, MODEL) == files[0]


@pytest.mark.parametrize(
    ("content", "words"), [(CONTENT + b"!", "is not the file it must be"), (None, "is no wheel of mediapipe")]
)
def test_a_wrong_wheel_leaves_nothing(tmp_path, config, state, content, words, capsys):
    assert main(["models", "install", "--config", str(config), "--from", str(wheel(tmp_path, content))]) == 1
    assert words in capsys.readouterr().err
    assert not state.exists()


@pytest.mark.parametrize("broken", ["no zip", "missing"])
def test_a_file_that_is_no_wheel_is_named(tmp_path, config, broken, capsys):
    file = tmp_path / "package.whl"
    if broken == "no zip":
        file.write_bytes(b"hello")
    assert main(["models", "install", "--config", str(config), "--from", str(file)]) == 1
    assert str(file) in capsys.readouterr().err


def test_removing_goes_back_to_the_default(tmp_path, config, state, capsys):
    unpack(wheel(tmp_path, CONTENT), state, PUBLISHED)
    assert main(["models", "remove", "--config", str(config)]) == 0
    assert list((state / "models").iterdir()) == []
    assert main(["models", "remove", "--config", str(config)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "no model was installed"
    assert load_stack(state)[1].name == "opencv"


def test_a_model_that_was_changed_is_not_used(state, caplog):
    file = state / "models" / SEGMENTATION.file
    file.parent.mkdir(parents=True)
    file.write_bytes(CONTENT)
    with pytest.raises(ModelError, match="install it again"):
        installed(state)
    segmenter, stack = load_stack(state)
    assert segmenter is None
    assert (stack.name, "install it again" in stack.reason) == ("opencv", True)
    assert "without a model" in caplog.text


def test_a_model_that_opencv_cannot_load_harms_nothing(state):
    file = state / "models" / SEGMENTATION.file
    file.parent.mkdir(parents=True)
    file.write_bytes(CONTENT)
    segmenter, stack = load_stack(state, MODEL)
    assert segmenter is None
    assert stack.name == "opencv"
    assert "OpenCV cannot load the model" in stack.reason


def test_the_worker_says_which_stack_it_runs(state):
    asked, failures = [], []

    def hint(exposure_ns):
        asked.append(exposure_ns)
        return Hint(Aim(0.0, 0.0), None, False)

    worker = VisionWorker(Settings(paths=PathSettings(state=state)), lambda _: None, hint, failures.append)
    assert "not been started" in worker.stack.reason
    worker.start()
    worker.submit(AnalysisFrame(0, *(np.full(shape, 90, np.uint8) for shape in ((180, 320), (90, 160), (90, 160)))))
    worker.stop()
    assert worker.stack.name == "opencv"
    assert failures == []
