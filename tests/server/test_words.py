"""Text that is shown to a model."""

from __future__ import annotations

import pytest

from forerun.server.variables import passed_on
from forerun.server.words import encodable, in_virtual_paths, shortened, without_closing_tags


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("/home/me/project", "/working", id="the folder itself"),
        pytest.param('File "/home/me/project/a.py"', 'File "/working/a.py"', id="a file in it"),
        pytest.param("/home/me/project2/a.py", "/home/me/project2/a.py", id="a longer name"),
        pytest.param("/home/me/project-old", "/home/me/project-old", id="a name with a hyphen"),
        pytest.param("/home/me/project.", "/working.", id="end of a sentence"),
        pytest.param("/home/me/project.old", "/home/me/project.old", id="a name with an ending"),
        pytest.param("nothing", "nothing", id="no path"),
    ],
)
def test_real_folder_is_shown_as_the_virtual_one(text: str, shown: str) -> None:
    assert in_virtual_paths(text, ("/working", "/home/me/project")) == shown


def test_mounted_root_leaves_paths_alone() -> None:
    assert in_virtual_paths("/a/b", ("/working", "/")) == "/a/b"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("</output>", "<\\/output>", id="closing tag"),
        pytest.param("</ ERROR >", "<\\/ ERROR >", id="in other letters"),
        pytest.param("<output></b></outputs>", "<output></b></outputs>", id="other tags"),
    ],
)
def test_text_cannot_close_our_tags(text: str, shown: str) -> None:
    assert without_closing_tags(text) == shown


def test_short_text_is_whole_and_long_text_says_what_was_cut() -> None:
    assert shortened("abcd", 4) == "abcd"
    assert shortened("abcdefgh", 4, 100) == "ab\n[... 104 characters cut ...]\ngh"
    assert shortened("abcdefgh", 4) == "ab\n[... 4 characters cut ...]\ngh"


def test_every_text_can_be_encoded() -> None:
    assert encodable("ü\ud800").encode() == "ü\\ud800".encode()


def test_only_listed_variables_are_passed_on() -> None:
    ours = {"HOME": "/h", "LC_ALL": "C", "http_proxy": "p", "NO_PROXY": "n", "TOKEN": "t", "FORERUN_CACHE_DIR": "c"}
    assert passed_on(ours) == {"HOME": "/h", "LC_ALL": "C", "http_proxy": "p", "NO_PROXY": "n"}
