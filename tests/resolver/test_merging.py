"""One distribution provides a module in a tree, whatever the order of its files."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forerun.resolver.findings import Evidence, Requirement
from forerun.resolver.merging import merged, settle_choices
from forerun.resolver.resolution import resolve_sources
from forerun.resolver.source import from_code
from forerun.resolver.target import Target

LINUX = Target((3, 12), "linux", "posix")
READS = "import cv2\ncv2.imread('a.png')\n"
SHOWS = "import cv2\ncv2.imshow('a', 1)\n"
FINDS_MARKERS = "import cv2\ncv2.aruco.detectMarkers(1)\n"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        pytest.param([READS], {"opencv-python-headless"}, id="nothing decides"),
        pytest.param([READS, SHOWS], {"opencv-python"}, id="one file shows windows"),
        pytest.param([READS, FINDS_MARKERS], {"opencv-contrib-python"}, id="one file needs a contributed module"),
        pytest.param([SHOWS, FINDS_MARKERS], {"opencv-contrib-python"}, id="two files tell different ones"),
        pytest.param([SHOWS, "import docx\n"], {"opencv-python", "python-docx"}, id="another module's own choice"),
    ],
)
def test_one_distribution_provides_a_module(files: list[str], expected: set[str]) -> None:
    for order in itertools.permutations(files):
        found = resolve_sources([from_code(code) for code in order], LINUX).requirements
        assert {each.name for each in found} == expected


def test_a_distribution_that_another_module_needs_stays() -> None:
    needed = {
        "opencv-python": [_made("opencv-python", "cv2", ("opencv-python-headless",), is_told=True)],
        "opencv-python-headless": [_made("opencv-python-headless", "other", ())],
    }
    settle_choices(needed)
    assert sorted(needed) == ["opencv-python", "opencv-python-headless"]


def _made(name: str, module: str, alternatives: tuple[str, ...], is_told: bool = False) -> Requirement:
    evidence = (Evidence(module, "x.py", 1, "a rule"),)
    return Requirement(name, "curated", evidence=evidence, alternatives=alternatives, is_told=is_told)


NAMES = st.sampled_from("abcd")


@given(st.lists(st.tuples(NAMES, st.lists(NAMES, max_size=3), st.booleans(), st.sampled_from("mn")), max_size=8))
def test_no_need_is_lost_and_every_module_keeps_a_provider(
    given_needs: list[tuple[str, list[str], bool, str]],
) -> None:
    needed: dict[str, list[Requirement]] = {}
    for name, others, is_told, module in given_needs:
        needed.setdefault(name, []).append(_made(name, module, tuple(others), is_told))
    count = sum(map(len, needed.values()))
    settle_choices(needed)
    assert sum(map(len, needed.values())) == count
    assert all(each.name == name for name, made in needed.items() for each in made)
    for made in needed.values():
        merged(made)
