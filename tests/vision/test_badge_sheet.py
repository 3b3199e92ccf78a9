"""The badge on paper: exact size, right pattern, two pages."""

import re
import shutil
import subprocess

import cv2
import numpy as np
import pytest

from followspot.cli.main import main
from followspot.domain.analysis import AnalysisFrame
from followspot.domain.geometry import Aim, Lens
from followspot.vision.badge import Badge, BadgeFinder
from followspot.vision.badge_sheet import sheet
from followspot_sim.badge import Badge as TrueBadge

POINTS_PER_MM = 72 / 25.4
DPI = 100
PDFTOPPM = shutil.which("pdftoppm")


def black_boxes(pdf: bytes) -> list[np.ndarray]:
    """For each page its black rectangles: left, bottom, width, height in millimetres."""
    pages = re.findall(rb"stream\n(.*?)\nendstream", pdf, re.DOTALL)
    found = [re.findall(rb"([\d.]+) ([\d.]+) ([\d.]+) ([\d.]+) re", page) for page in pages]
    return [np.array(boxes, float) / POINTS_PER_MM for boxes in found]


@pytest.mark.parametrize("size_mm", [60.0, 130.0, 150.0])
def test_front_and_back_have_the_exact_size_and_lie_on_the_page(size_mm):
    pages = black_boxes(sheet(7, size_mm))
    assert len(pages) == 2
    for boxes in pages:
        low, high = boxes[:, :2].min(axis=0), (boxes[:, :2] + boxes[:, 2:]).max(axis=0)
        assert high - low == pytest.approx([size_mm, size_mm], abs=0.01)
        border = size_mm / 6
        assert (low - border >= 4).all()
        assert (high + border <= np.array([210, 297]) - 4).all()


@pytest.mark.parametrize("number", [0, 7, 49])
def test_the_pattern_is_that_of_the_dictionary(number):
    boxes = black_boxes(sheet(number, 120.0))[0]
    low = boxes[:, :2].min(axis=0)
    columns, rows = np.rint((boxes[:, :2] - low) / 20).astype(int).T
    cells = np.zeros((6, 6), bool)
    cells[5 - rows, columns] = True
    dictionary = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_50)
    assert (cells == (cv2.aruco.generateImageMarker(dictionary, number, 6) == 0)).all()


@pytest.mark.skipif(PDFTOPPM is None, reason="pdftoppm (poppler-utils) is not installed")
def test_a_printer_sees_a4_at_full_scale_and_the_daemon_reads_what_it_prints(tmp_path):
    out = tmp_path / "badge.pdf"
    assert main(["badge", "--id", "23", "--size-mm", "140", "--out", str(out)]) == 0
    about = subprocess.run(["pdfinfo", out], check=True, capture_output=True, text=True).stdout
    assert re.search(r"Pages:\s+2", about)
    assert re.search(r"Page size:\s+595\.2\d* x 841\.8\d* pts \(A4\)", about)
    told = subprocess.run(["pdftotext", out, "-"], check=True, capture_output=True, text=True).stdout
    assert "badge = 23" in told
    assert "100 mm" in told
    subprocess.run([PDFTOPPM, "-r", str(DPI), "-gray", out, tmp_path / "page"], check=True)
    pages = sorted(tmp_path.glob("page*.pgm"))
    assert len(pages) == 2
    for page in pages:
        luma = cv2.imread(str(page), cv2.IMREAD_GRAYSCALE)
        dark = np.argwhere(luma[: luma.shape[0] * 2 // 3] < 128)
        side_mm = np.ptp(np.array([row for row in dark if 0.1 < row[1] / luma.shape[1] < 0.9]), axis=0) / DPI * 25.4
        assert side_mm == pytest.approx([140, 140], abs=0.5)
        lens = Lens(luma.shape[1], luma.shape[0], 20.0)
        frame = AnalysisFrame(0, luma, luma[::2, ::2], luma[::2, ::2])
        eyes = BadgeFinder(Badge(23, 0.14))
        assert any(eyes.look(frame, lens, Aim(0.0, 0.0), None) for _ in range(12))


def test_the_simulated_badge_is_the_printed_one():
    """The simulator draws its own: both must be the same pattern."""
    picture = TrueBadge(7, 0.13).picture(8)
    dark = picture[:, :, 0] < 116
    boxes = black_boxes(sheet(7, 120.0))[0]
    assert dark[1:-1, 1:-1].sum() == len(boxes)


@pytest.mark.parametrize("wrong", [["--id", "50"], ["--size-mm", "20"], ["--size-mm", "broad"]])
def test_what_cannot_be_printed_is_refused(wrong, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["badge", *wrong])
    assert ended.value.code == 2
    assert wrong[0] in capsys.readouterr().err


def test_a_place_that_cannot_be_written_is_named(tmp_path, capsys):
    assert main(["badge", "--out", str(tmp_path / "none" / "badge.pdf")]) == 1
    assert str(tmp_path / "none" / "badge.pdf") in capsys.readouterr().err
