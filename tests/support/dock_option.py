"""`pytest --dock=serial:/dev/…` or `--dock=ble[:ADDRESS]`: the conformance cases run on that dock."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--dock", metavar="PLACE", help="run the dock's conformance cases on serial:/dev/… or ble[:ADDRESS]"
    )
