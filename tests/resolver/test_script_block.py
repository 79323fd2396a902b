"""Writing a script's block changes the block's dependencies, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forerun.resolver.inline_metadata import inline_metadata
from forerun.resolver.script_block import block_text, with_requirements

BLOCK = b'# /// script\n# dependencies = [\n#     "numpy",\n# ]\n# ///\n'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(b"import numpy\n", BLOCK + b"\nimport numpy\n", id="a new block comes first"),
        pytest.param(
            b"#!/usr/bin/env python\nx = 1\n", b"#!/usr/bin/env python\n" + BLOCK + b"\nx = 1\n", id="behind #!"
        ),
        pytest.param(
            b"#!/bin/x\n# -*- coding: latin-1 -*-\n'\xe4'\n",
            b"#!/bin/x\n# -*- coding: latin-1 -*-\n" + BLOCK + b"\n'\xe4'\n",
            id="behind a coding line, other bytes untouched",
        ),
        pytest.param(b"\xef\xbb\xbfx\n", b"\xef\xbb\xbf" + BLOCK + b"\nx\n", id="behind a byte order mark"),
        pytest.param(b"x\r\ny\r\n", BLOCK.replace(b"\n", b"\r\n") + b"\r\nx\r\ny\r\n", id="with the file's line ends"),
        pytest.param(b"", BLOCK, id="an empty file"),
        pytest.param(b"x", BLOCK + b"\nx", id="no line end at the end"),
        pytest.param(
            b'# /// script\n# x = 1\n# dependencies = ["a", # why\n#   "b]"]\n# [tool.x]\n# y = 1\n# ///\n',
            b'# /// script\n# x = 1\n# dependencies = [\n#     "numpy",\n# ]\n# [tool.x]\n# y = 1\n# ///\n',
            id="other keys stay",
        ),
        pytest.param(
            b"# /// script\n# [tool.x]\n# y = 1\n# ///\nz\n",
            b'# /// script\n# dependencies = [\n#     "numpy",\n# ]\n# [tool.x]\n# y = 1\n# ///\nz\n',
            id="a missing key comes before tables",
        ),
    ],
)
def test_only_the_dependencies_change(before: bytes, after: bytes) -> None:
    assert with_requirements(before, ["numpy"]) == after
    assert with_requirements(after, ["numpy"]) == after


@pytest.mark.parametrize(
    "text", [b"# /// script\n# dependencies = []\nx\n", b"# /// script\n# dependencies = [\n# ///\n"]
)
def test_a_block_that_is_not_closed_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match="not closed"):
        with_requirements(text, ["numpy"])


def test_what_is_written_is_what_is_read() -> None:
    wanted = ["numpy<2", "pywin32 ; sys_platform == 'win32'", 'x ; python_version < "3.9"']
    block = inline_metadata(block_text(wanted, ">=3.11") + "x = 1\n")
    assert block is not None
    assert block.dependencies == tuple(wanted)
    assert block.requires_python == ">=3.11"


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.binary(max_size=200))
def test_any_bytes_survive(data: bytes) -> None:
    once = with_requirements(data, ["numpy"])
    assert with_requirements(once, ["numpy"]) == once
    assert (
        once.replace(BLOCK, b"").replace(BLOCK.replace(b"\n", b"\r\n"), b"").strip() == data.strip() or b"///" in data
    )
