"""`followspot check` and the command line itself."""

from pathlib import Path

import pytest

from followspot.cli import exit_codes
from followspot.cli.main import main

SHIPPED = Path(__file__).parents[2] / "config" / "followspot.toml"


def test_a_good_file(capsys):
    assert main(["check", "--config", str(SHIPPED)]) == 0
    assert capsys.readouterr().out == f"{SHIPPED}: OK\n"


def test_one_line_a_problem(tmp_path: Path, capsys):
    path = tmp_path / "f.toml"
    path.write_text("[camera]\nratehz = 30\nlatency_ms = -1\n")
    assert main(["check", "--config", str(path)]) == exit_codes.USAGE
    assert capsys.readouterr().err.splitlines() == [
        f"{path}:3: camera.latency_ms: -1 is not allowed; allowed is a number from 0 to 1000 (default 0.0)",
        f"{path}:2: camera.ratehz: there is no such key; did you mean camera.rate_hz?",
    ]


@pytest.mark.parametrize("command", ["check", "run", "start", "stop", "status"])
def test_every_command_refuses_a_missing_file(command: str, tmp_path: Path, capsys):
    assert main([command, "--config", str(tmp_path / "none.toml")]) == exit_codes.USAGE
    assert "there is no such file" in capsys.readouterr().err


def test_a_wrong_command_line(capsys):
    with pytest.raises(SystemExit) as end:
        main(["dance"])
    assert end.value.code == exit_codes.USAGE
    assert "dance" in capsys.readouterr().err


def test_help_explains_the_exit_codes(capsys):
    with pytest.raises(SystemExit) as end:
        main(["--help"])
    assert end.value.code == 0
    text = capsys.readouterr().out
    for code in (exit_codes.OK, exit_codes.FAULT, exit_codes.USAGE, exit_codes.NO_DAEMON, exit_codes.REFUSED):
        assert f"\n  {code}  " in text


@pytest.mark.parametrize("key", ["ca_file", "password_file"])
def test_files_that_the_configuration_names_must_be_there(key: str, tmp_path: Path, capsys):
    path = tmp_path / "followspot.toml"
    path.write_text(f'[mqtt]\nusername = "box"\n{key} = "/nowhere/file"\n')
    assert main(["check", "--config", str(path)]) == 2
    assert f"mqtt.{key} /nowhere/file cannot be read" in capsys.readouterr().err
