"""What a run leaves beside its text: models as data, pictures, pages, and the files that it wrote under its mount."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import forerun

SIGNATURE = b"\x89PNG\r\n\x1a\n"

MODELS = {
    "pydantic": "import pydantic, datetime\nclass M(pydantic.BaseModel):\n    a: int\n    d: datetime.date\n"
    "[M(a=1, d='2026-01-31')]",
    "pydantic 1": "import pydantic.v1 as pydantic, datetime\nclass M(pydantic.BaseModel):\n    a: int\n"
    "    d: datetime.date\n[M(a=1, d='2026-01-31')]",
}


@pytest.mark.network
@pytest.mark.parametrize("code", MODELS.values(), ids=MODELS.keys())
def test_models_are_data(code: str) -> None:
    result = forerun.run(code)
    assert isinstance(result, forerun.Succeeded), result.error
    assert result.value is not None
    assert result.value.data == [{"a": 1, "d": "2026-01-31"}]


@pytest.mark.network
@pytest.mark.parametrize("mode", ["RGB", "1", "CMYK", "F", "LAB", "RGBA"])
def test_an_image_that_is_the_last_value_is_a_png(mode: str) -> None:
    result = forerun.run(f"from PIL import Image\nImage.new({mode!r}, (3, 2))")
    assert isinstance(result, forerun.Succeeded), result.error
    assert [(each[:8], each[16:24]) for each in result.images] == [(SIGNATURE, bytes((0, 0, 0, 3, 0, 0, 0, 2)))]
    assert result.stderr == ""


@pytest.mark.network
def test_an_image_that_cannot_be_drawn_is_said_and_its_value_stays() -> None:
    result = forerun.run("from PIL import Image\nImage.new('1', (10_000, 10_000))")
    assert isinstance(result, forerun.Succeeded)
    assert result.images == result.previews == ()
    assert "could not be drawn: it has 10000 x 10000 pixels" in result.stderr
    assert result.value is not None
    assert "PIL.Image" in result.value.repr


@pytest.mark.network
def test_an_image_that_is_not_the_last_value_is_none() -> None:
    result = forerun.run("from PIL import Image\nx = Image.new('1', (3, 2))\n[x]\n1")
    assert result.images == ()


def test_a_picture_that_does_not_get_smaller_is_kept_in_full_and_drawn_a_few_times() -> None:
    code = (
        "import sys, types\n"
        "class Plot(types.ModuleType):\n"
        "    dpi, rcParams, drawn = 100, {'savefig.dpi': 'figure'}, []\n"
        "    def get_fignums(self): return [1]\n"
        "    def figure(self, number): return self\n"
        "    def savefig(self, path, dpi=100, **_):\n"
        "        print(int(dpi), end=' ')\n"
        "        open(path, 'wb').write(b'x' * 6_000_000)\n"
        "sys.modules['matplotlib.pyplot'] = Plot('matplotlib.pyplot')\n"
    )
    result = forerun.run(code)
    assert isinstance(result, forerun.Succeeded), result.error
    assert len(result.images[0]) == 6_000_000
    assert result.previews == result.images
    assert result.output == "100 80 64 51 40 32 26 20 16 "


@pytest.mark.network
@pytest.mark.slow
def test_a_plotly_figure_is_a_page() -> None:
    result = forerun.run("import plotly.graph_objects as go\ngo.Figure(go.Scatter(y=[1, 27182]))")
    assert isinstance(result, forerun.Succeeded), result.error
    (page,) = result.artefacts
    assert page.mime_type == "text/html"
    assert b"27182" in page.data
    assert b"<html>" in page.data
    assert len(page.data) < 100_000


def test_a_class_that_is_named_like_theirs_is_not_taken_for_one() -> None:
    code = "class Image:\n    size = (1, 1)\n    mode = 'L'\n    def save(self, *a): raise SystemExit(9)\nImage()"
    result = forerun.run(code)
    assert isinstance(result, forerun.Succeeded)
    assert result.images == ()


def test_files_written_under_the_mount_are_listed(tmp_path: Path) -> None:
    (tmp_path / "old.csv").write_text("old")
    (tmp_path / "changed.txt").write_text("old")
    code = (
        "import os\nos.mkdir('/data/in')\nopen('/data/in/a.csv', 'w').write('a,b')\n"
        "open('/data/changed.txt', 'a').write('!')\nopen('/data/x.unknown', 'w').close()\n"
        f"os.symlink({os.devnull!r}, '/data/link')\nos.mkfifo('/data/pipe')\n"
    )
    result = forerun.run(code, mount=("/data", tmp_path), folder="/data")
    assert isinstance(result, forerun.Succeeded), result.error
    assert [(each.path, each.size, each.mime_type) for each in result.files] == [
        ("/data/changed.txt", 4, "text/plain"),
        ("/data/x.unknown", 0, "application/octet-stream"),
        ("/data/in/a.csv", 3, "text/csv"),
    ]


def test_without_a_mount_no_files_are_listed(tmp_path: Path) -> None:
    assert forerun.run("open('a', 'w').close()", folder=tmp_path).files == ()
