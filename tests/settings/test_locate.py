"""Positions of keys, whatever form TOML allows them."""

import pytest

from followspot.settings.locate import key_lines, line_of

TEXT = '''# a comment

[camera]
url = "a"
options.video_size = "1x1"
note = """
[not.a.table]
rate_hz = 7
"""
rate_hz = 30  # after the text

[ "quoted" . key ]
list = [
  "x",  # ]
  "y",
]
inline = { a = 1, b = { c = 2 } }
[[rooms]]
name = "1"
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("camera", 3),
        ("camera.url", 4),
        ("camera.options", 5),
        ("camera.options.video_size", 5),
        ("camera.note", 6),
        ("camera.rate_hz", 10),
        ("quoted.key", 12),
        ("quoted.key.list", 13),
        ("quoted.key.inline.b.c", 17),
        ("rooms", 18),
        ("rooms.name", 19),
    ],
)
def test_a_key_is_found_on_its_first_line(path: str, line: int):
    assert key_lines(TEXT)[tuple(path.split("."))] == line


def test_text_in_a_value_is_no_key():
    assert not any(path[0] == "not" for path in key_lines(TEXT))


def test_what_is_not_there_is_placed_at_what_holds_it():
    lines = key_lines(TEXT)
    assert line_of(lines, ("camera", "hfov_deg")) == 3
    assert line_of(lines, ("quoted", "key", "list", "1")) == 13
    assert line_of(lines, ("nothing",)) is None


def test_windows_line_ends_count_like_others():
    assert key_lines("[a]\r\nb = 1\r\n") == {("a",): 1, ("a", "b"): 2}


def test_an_empty_file_has_no_keys():
    assert key_lines("") == {}
