"""`pip install` lines choose and add, within the trust that a name has by itself."""

from __future__ import annotations

import time

import pytest

from forerun.resolver.library import resolve
from forerun.resolver.pip_hints import pip_hints


@pytest.mark.parametrize(
    ("text", "names"),
    [
        pytest.param("print('pip install lxml')", [], id="a string"),
        pytest.param("x = 1  # installs nothing", [], id="another comment"),
        pytest.param(
            "# pip install pandas==1.5 numpy, scikit-learn and so on",
            ["pandas==1.5", "numpy", "scikit-learn"],
            id="prose",
        ),
        pytest.param("%pip install -q 'foo[bar]>=2'", ["foo[bar]>=2"], id="magic"),
        pytest.param("  !pip3 install -r req.txt baz", ["baz"], id="shell"),
        pytest.param("# run `pip install requests` first.", ["requests"], id="quoted"),
        pytest.param("# uv add httpx", ["httpx"], id="uv"),
    ],
)
def test_lines(text: str, names: list[str]) -> None:
    assert [each.text for each in pip_hints(f"\n{text}\n")] == names
    assert all(each.line == 2 for each in pip_hints(f"\n{text}\n"))


@pytest.mark.parametrize(
    ("code", "lines"),
    [
        pytest.param("# pip install numpy<2\nimport numpy\n", ["numpy<2"], id="a version"),
        pytest.param("# pip install opencv-python\nimport cv2\n", ["opencv-python"], id="an alternative"),
        pytest.param("# pip install openpyxl\nimport os\n", ["openpyxl"], id="what is not imported"),
        pytest.param("# pip install dbutil\nimport os\n", [], id="a name without trust"),
    ],
)
def test_what_they_do(code: str, lines: list[str]) -> None:
    assert [each.text for each in resolve(code).requirements] == lines


def test_a_name_without_trust_is_named() -> None:
    (diagnostic,) = resolve("# pip install dbutil\n").diagnostics
    assert "dbutil, which is only registered" in diagnostic.message


def test_time_is_linear() -> None:
    def seconds(count: int) -> float:
        text = "#" * count + "\n# pip install " * 10
        return min(_timed(text) for _ in range(3))

    assert any(seconds(400_000) < 40 * seconds(40_000) + 0.5 for _ in range(3))


def _timed(text: str) -> float:
    began = time.process_time()
    pip_hints(text)
    return time.process_time() - began
