"""Adding to a script's block changes nothing that is there, in the block or elsewhere."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from forerun.resolver.inline_metadata import inline_metadata
from forerun.resolver.script_block import block_text, with_added

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
        pytest.param(
            b"# licence\r\n# vim: set fileencoding=latin-1 :\r\n'\xe4'\r\n",
            b"# licence\r\n# vim: set fileencoding=latin-1 :\r\n" + BLOCK.replace(b"\n", b"\r\n") + b"\r\n'\xe4'\r\n",
            id="behind a coding line on the second line",
        ),
        pytest.param(
            b"x = 1\n# coding: latin-1\n",
            BLOCK + b"\nx = 1\n# coding: latin-1\n",
            id="a coding line behind code is none",
        ),
        pytest.param(b"\xef\xbb\xbfx\n", b"\xef\xbb\xbf" + BLOCK + b"\nx\n", id="behind a byte order mark"),
        pytest.param(b"x\r\ny\r\n", BLOCK.replace(b"\n", b"\r\n") + b"\r\nx\r\ny\r\n", id="with the file's line ends"),
        pytest.param(b"", BLOCK, id="an empty file"),
        pytest.param(b"#!/bin/x", b"#!/bin/x\n" + BLOCK, id="only #!"),
        pytest.param(b"x", BLOCK + b"\nx", id="no line end at the end"),
        pytest.param(
            b'"""About."""\nfrom __future__ import annotations\n',
            BLOCK + b'\n"""About."""\nfrom __future__ import annotations\n',
            id="a docstring stays one",
        ),
        pytest.param(
            b"# /// script\n#\n# [tool.x]\n# y = 1\n# ///\nz\n",
            b'# /// script\n# dependencies = [\n#     "numpy",\n# ]\n#\n# [tool.x]\n# y = 1\n# ///\nz\n',
            id="a missing key comes before tables",
        ),
    ],
)
def test_a_block_is_made(before: bytes, after: bytes) -> None:
    assert with_added(before, ["numpy"]) == after
    assert with_added(after, ["numpy"]) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(["dependencies = []"], ["dependencies = [", '    "numpy",', "]"], id="empty"),
        pytest.param(["dependencies = [  ] # why"], ["dependencies = [  ", '    "numpy",', "] # why"], id="spaces"),
        pytest.param(["dependencies = ['a']"], ["dependencies = ['a', 'numpy']"], id="one line"),
        pytest.param(['dependencies = ["a"]'], ['dependencies = ["a", "numpy"]'], id="double quotes"),
        pytest.param(["dependencies = ['a',]"], ["dependencies = ['a', 'numpy']"], id="one line with a comma"),
        pytest.param(
            ["dependencies = [", "  'a', # why", "  # ]", "]"],
            ["dependencies = [", "  'a', # why", "  'numpy',", "  # ]", "]"],
            id="comments and indentation",
        ),
        pytest.param(
            ["dependencies = [", "\t'a' # why, not", "]"],
            ["dependencies = [", "\t'a', # why, not", "\t'numpy',", "]"],
            id="the last comma",
        ),
        pytest.param(
            ["dependencies = [", "  'b', 'a'", "]"],
            ["dependencies = [", "  'b', 'a', 'numpy'", "]"],
            id="several a line",
        ),
        pytest.param(
            ["dependencies = ['a',", "  'b']"], ["dependencies = ['a',", "  'b', 'numpy']"], id="closed at once"
        ),
        pytest.param(
            ["dependencies = [", "  'a'", "  ,", "]"],
            ["dependencies = [", "  'a'", "  ,", "  'numpy',", "]"],
            id="a comma on a line of its own",
        ),
        pytest.param(
            ["dependencies = [ # none", "]"], ["dependencies = [ # none", '    "numpy",', "]"], id="only a comment"
        ),
        pytest.param(["'dependencies'=['a']"], ["'dependencies'=['a', 'numpy']"], id="quoted key"),
        pytest.param(
            ["x = [", "'''", "dependencies = []", "''', '[']", "dependencies = ['a']", "[tool.x]", "dependencies = 1"],
            ["x = [", "'''", "dependencies = []", "''', '[']", "dependencies = ['a', 'numpy']", "[tool.x]",
             "dependencies = 1"],
            id="other keys and strings of that name",
        ),
        pytest.param(
            ["[tool.x]", "dependencies = []"],
            ["dependencies = [", '    "numpy",', "]", "[tool.x]", "dependencies = []"],
            id="the key of a table is another",
        ),
        pytest.param(["dependencies = [\"a\", 'numpy']"], ["dependencies = [\"a\", 'numpy']"], id="nothing is missing"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize("tail", ["", "\n", "\nx = '\xe4\u2028'\n"], ids=["bare", "ended", "code"])
def test_what_stands_in_a_block_stays(before: list[str], after: list[str], end: str, tail: str) -> None:
    def script(lines: list[str]) -> bytes:
        return (end.join(["#!/bin/x", "# /// script", *(f"# {line}" for line in lines), "# ///"]) + tail).encode()

    assert with_added(script(before), ["numpy"]) == script(after)
    assert with_added(script(after), ["numpy"]) == script(after)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(b"# /// script\n# dependencies = []\nx\n", "not closed", id="no end"),
        pytest.param(b"# /// script\n# dependencies = [\n# ///\n", "not valid", id="array"),
        pytest.param(b"# /// script\n# dependencies = 5\n# ///\n", "not valid", id="type"),
        pytest.param(b"# /// script\n# dependencies.x = 1\n# ///\n", "not valid|by hand", id="dotted"),
        pytest.param(b"# /// script\n# x = 1\n# ///\n\n# /// script\n# y = 1\n# ///\n", "second", id="two"),
        pytest.param(b"import x\rimport y\r", "carriage returns alone", id="old line ends"),
    ],
)
def test_a_block_that_cannot_be_edited_is_refused(text: bytes, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        with_added(text, ["numpy"])


def test_what_is_written_is_what_is_read() -> None:
    wanted = ["numpy<2", "pywin32 ; sys_platform == 'win32'", 'x ; python_version < "3.9"']
    block = inline_metadata(block_text(wanted, ">=3.11") + "x = 1\n")
    assert block is not None
    assert block.dependencies == tuple(wanted)
    assert block.requires_python == ">=3.11"


@settings(max_examples=300, deadline=None, derandomize=True)
@example(b"#!\n\0")
@example(b"#!\r\n\0")
@example(b"# coding: latin-1\nx")
@given(st.binary(max_size=200).filter(lambda data: b"///" not in data and (b"\r" not in data or b"\n" in data)))
def test_any_bytes_survive(data: bytes) -> None:
    once = with_added(data, ["numpy"])
    assert with_added(once, ["numpy"]) == once
    end = b"\r\n" if BLOCK not in once else b"\n"
    before, block, after = once.partition(BLOCK.replace(b"\n", end))
    assert block
    # A line apart from what follows.
    assert data.strip() in ((before + after).strip(), (before + after.removeprefix(end)).strip())


ENTRIES = st.sampled_from(["'a'", '"b<2"', "'''c'''", "\"d ; python_version > '3'\"", "'\xe4'", '"""e"""'])
GAPS = st.sampled_from(["", " ", "\n", "\n  ", " # , ' ] \n", "\n\n", "\t# '''\n\t"])


@st.composite
def arrays(draw: st.DrawFn) -> str:
    """An array of strings, laid out in any way that TOML allows."""
    entries = draw(st.lists(ENTRIES, max_size=4))
    text = "".join(f"{draw(GAPS)}{each}{draw(GAPS)}," for each in entries)
    text = text[: len(text) - draw(st.sampled_from([0, 1]))]
    return f"[{text}{draw(GAPS)}]"


@settings(max_examples=500, deadline=None, derandomize=True)
@given(
    arrays(),
    st.sampled_from(["", "x = '['\n", "# [\n", "y = {a = '#'}\n"]),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["", "[tool.x]\n"]),
)
def test_any_block_keeps_its_own_and_gains_what_is_missing(array: str, head: str, end: str, tail: str) -> None:
    content = f"{head}dependencies = {array} # end\n{tail}"
    lines = ["# /// script", *(f"# {line}".rstrip() for line in content.split("\n")[:-1]), "# ///", "", "x = 1"]
    before = end.join(lines).encode()
    added = ["numpy", 'rich ; os_name == "posix"']
    after = with_added(before, added)
    old, new = (inline_metadata(data.decode()) for data in (before, after))
    assert old is not None
    assert new is not None
    assert old.dependencies is not None
    assert new.dependencies == (*old.dependencies, *added)
    assert with_added(after, added) == after
    left = iter(after)
    assert all(byte in left for byte in before), "something of the script is gone"
    assert after.endswith(end.join(["# ///", "", "x = 1"]).encode())
