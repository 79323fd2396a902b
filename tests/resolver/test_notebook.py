"""Cells of notebooks are read as IPython would run them: magics, shell lines, other languages."""

from __future__ import annotations

import json

import pytest

from forerun.resolver.notebook import read_notebook
from forerun.resolver.resolution import resolve_sources
from forerun.resolver.source import Source
from forerun.resolver.target import this_target


def text_of(*cells: str) -> str:
    listed = [{"cell_type": "code", "source": cell.splitlines(keepends=True)} for cell in cells]
    read = read_notebook(json.dumps({"cells": listed, "nbformat": 4}).encode())
    assert not read.notes
    return read.text


def needs(*cells: str) -> list[str]:
    resolution = resolve_sources([Source(text_of(*cells), "a.ipynb", "notebook")], this_target())
    return [each.text for each in resolution.requirements]


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        pytest.param("import yaml", ["pyyaml"], id="plain"),
        pytest.param("%matplotlib inline\nimport yaml", ["pyyaml"], id="line magic"),
        pytest.param("%%time\nimport yaml", ["pyyaml"], id="time"),
        pytest.param("%%timeit -n 3\nimport yaml", ["pyyaml"], id="timeit"),
        pytest.param("\n%%capture out\nimport yaml", ["pyyaml"], id="capture"),
        pytest.param("%%capture\n%%time\nimport yaml", ["pyyaml"], id="two cell magics"),
        pytest.param("%%python3\nimport yaml", ["pyyaml"], id="another Python"),
        pytest.param("%time import yaml", ["pyyaml"], id="timed line"),
        pytest.param("%timeit -n 10 -r3 import yaml", ["pyyaml"], id="timed line with options"),
        pytest.param("%timeit\nimport yaml", ["pyyaml"], id="timed nothing"),
        pytest.param("%timeit import\nimport yaml", ["pyyaml"], id="timed what does not parse"),
        pytest.param("files = !ls\nimport yaml", ["pyyaml"], id="assigned shell line"),
        pytest.param("x = %sql select 1\nimport yaml", ["pyyaml"], id="assigned magic"),
        pytest.param("yaml?\nimport yaml", ["pyyaml"], id="help"),
        pytest.param("%%html\n<b>import yaml</b>", [], id="html"),
        pytest.param("%%javascript\nimport yaml", [], id="javascript"),
        pytest.param("%%bash\nimport yaml", [], id="bash"),
        pytest.param("%%capture\n%%bash\nimport yaml", [], id="bash, captured"),
        pytest.param("%%R\nimport yaml", [], id="R"),
        pytest.param("!pip install yaml-lint", [], id="a name that nobody vouches for"),
        pytest.param("!pip install pyyaml==6.0.2", ["pyyaml==6.0.2"], id="shell line"),
        pytest.param("%pip install pyyaml", ["pyyaml"], id="pip magic"),
        pytest.param("%%bash\npip install pyyaml==6.0.2", ["pyyaml==6.0.2"], id="bash that installs"),
        pytest.param("%%sh -e\ncd x && pip3 install -q pyyaml", ["pyyaml"], id="sh that installs"),
        pytest.param("%%bash\npip install \\\n  pyyaml \\\n  zstandard", ["pyyaml", "zstandard"], id="continued"),
        pytest.param("%pip install pyyaml==6.0.2\nprint 'Python 2'", ["pyyaml==6.0.2"], id="what does not parse"),
        pytest.param("%%bash\n# /// script\n# dependencies = ['numpy']\n# ///", [], id="no block of a script"),
    ],
)
def test_cells_are_read_as_they_run(cell: str, expected: list[str]) -> None:
    assert needs(cell) == expected


@pytest.mark.parametrize("cell", ["%%bash\na \\\nb\n", "x = !ls\n%time import a\n", "%%time\nx\n", "a\nb"])
def test_lines_stay_where_they_are(cell: str) -> None:
    assert text_of(cell).count("\n") == cell.count("\n") + 1


def test_long_lines_take_linear_time() -> None:
    assert needs("%timeit " + "-n 1 " * 50_000 + "x x\n" + " " * 200_000 + "x\nimport yaml") == ["pyyaml"]
