"""What comes of a run beside its text: files, figures, output that did not fit; and who can read it."""

from __future__ import annotations

import json
import os
import struct
import sys
import zlib
from typing import TYPE_CHECKING, Any

import pytest
from mcp_types import ImageContent, ResourceLink

from forerun.server.images import fitting, size_of
from forerun.server.kept import Kept, Shelf

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    Ask = Callable[..., Awaitable[tuple[str, dict[str, Any], bool]]]

pytestmark = pytest.mark.anyio


async def test_written_files_are_linked_and_can_be_read(
    connect: Callable[..., Any], mode: str, ask: Ask, folder: Path
) -> None:
    (folder / "old.txt").write_text("old")
    code = "import os\nos.mkdir('in')\nopen('in/ü &.csv', 'w').write('a,b')\nopen('b.bin', 'wb').write(b'\\xff\\x00')\n"
    async with connect(mode) as client:
        answer = await client.call_tool("run_python_code", {"python_code": code})
        links = [each for each in answer.content if isinstance(each, ResourceLink)]
        assert [(each.name, each.size) for each in links] == [("/working/b.bin", 2), ("/working/in/ü &.csv", 3)]
        assert [each["path"] for each in answer.structured_content["files"]] == [each.name for each in links]
        (binary,) = (await client.read_resource(links[0].uri)).contents
        (table,) = (await client.read_resource(links[1].uri)).contents
        _, nothing, _ = await ask(client, "run_python_code", python_code="open('old.txt').read()")
    assert (binary.blob, table.text, table.mime_type) == ("/wA=", "a,b", "text/csv")
    assert nothing["files"] == []


async def test_links_pipes_and_hidden_files_are_not_listed_and_not_read(
    connect: Callable[..., Any], folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("secret")
    code = (
        f"import os\nos.symlink({str(tmp_path / 'secret')!r}, 'link')\nos.symlink({str(tmp_path)!r}, 'linked')\n"
        "os.mkfifo('pipe')\nopen('.hidden', 'w')\nos.mkdir('__pycache__')\nopen('__pycache__/x.pyc', 'w')\n"
    )
    async with connect() as client:
        answer = await client.call_tool("run_python_code", {"python_code": code})
        assert answer.structured_content["files"] == []
        listed = {each.name for each in (await client.list_resources()).resources}
        assert listed == {"/working"}
        for path in ("link", "linked/secret", "pipe", "../secret", "%2e%2e/secret", "none", "a%00b"):
            with pytest.raises(Exception, match=r"link|regular|holds|exist|folder"):
                await client.read_resource(f"forerun://files/{path}")


async def test_many_files_are_not_all_linked(connect: Callable[..., Any], ask: Ask) -> None:
    async with connect() as client:
        _, facts, _ = await ask(
            client, "run_python_code", python_code="for n in range(30): open(f'{n:02}.txt', 'w').write('x')"
        )
    assert len(facts["files"]) == 20
    assert "more than 20 files" in facts["notes"][0]


async def test_folders_are_read_as_lists(connect: Callable[..., Any], folder: Path) -> None:
    (folder / "in").mkdir()
    (folder / "in" / "a.py").write_text("1")
    async with connect() as client:
        (top,) = (await client.read_resource("forerun://files/")).contents
        (below,) = (await client.read_resource("forerun://files/in")).contents
        names = {each.name for each in (await client.list_resources()).resources}
    assert [(each["name"], each["kind"]) for each in json.loads(top.text)["entries"]] == [("in", "folder")]
    assert json.loads(below.text)["folder"] == "/working/in"
    assert names == {"/working", "in/a.py"}


async def test_long_output_is_cut_in_the_middle_and_kept_in_full(connect: Callable[..., Any], mode: str) -> None:
    async with connect(mode) as client:
        code = "print('begin'); print('x' * 200_000); print('end')"
        answer = await client.call_tool("run_python_code", {"python_code": code})
        (file,) = answer.structured_content["files"]
        (whole,) = (await client.read_resource(file["uri"])).contents
        with pytest.raises(Exception, match="no such output"):
            await client.read_resource("forerun://output/guessed")
    shown = answer.structured_content["output"]
    assert shown.startswith("begin\n")
    assert shown.endswith("end\n")
    assert "characters cut" in shown
    assert len(shown) < 61_000
    assert whole.text == f"begin\n{'x' * 200_000}\nend\n"


def png(width: int, height: int, noise: bytes = b"") -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = noise or b"\0" * ((width * 3 + 1) * height)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 0)) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("data", "kept"),
    [
        pytest.param(png(4, 3), True, id="small"),
        pytest.param(b"", False, id="nothing"),
        pytest.param(b"GIF89a" + b"x" * 50, False, id="another format"),
        pytest.param(b"\x89PNG\r\n\x1a\n" + b"x" * 50, False, id="no header"),
        pytest.param(png(0, 3), False, id="no width"),
    ],
)
def test_only_a_png_is_sent_as_one(data: bytes, kept: bool) -> None:
    assert fitting(data, 10_000) == (data if kept else None)


@pytest.mark.parametrize("has_pillow", [True, False])
def test_a_large_picture_is_scaled_or_left_out_but_never_cut(has_pillow: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if has_pillow:
        pytest.importorskip("PIL.Image")
    else:
        monkeypatch.setitem(sys.modules, "PIL", None)
    rows = b"".join(b"\0" + os.urandom(300 * 3) for _ in range(300))
    small = fitting(png(300, 300, rows), 100_000)
    assert (small is not None) is has_pillow
    if small is not None:
        assert len(small) <= 100_000
        assert 0 < size_of(small)[0] < 300


def test_a_picture_that_would_unfold_is_not_decoded() -> None:
    assert fitting(png(60_000, 60_000, b"\0" * 200_000), 1000) is None


FIGURE = """\
import sys, types
class Plot(types.ModuleType):
    def get_fignums(self): return [1]
    def figure(self, number): return self
    def savefig(self, path, **_): open(path, "wb").write(bytes.fromhex(DATA))
sys.modules["matplotlib.pyplot"] = Plot("matplotlib.pyplot")
"""


async def test_a_figure_comes_as_an_image_and_as_a_resource(connect: Callable[..., Any], mode: str) -> None:
    async with connect(mode) as client:
        answer = await client.call_tool(
            "run_python_code", {"python_code": FIGURE, "global_variables": {"DATA": png(4, 3).hex()}}
        )
        assert answer.structured_content["images"] == 1
        assert [type(each) for each in answer.content[1:]] == [ImageContent, ResourceLink]
        (read,) = (await client.read_resource(answer.content[2].uri)).contents
        assert (read.blob, read.mime_type) == (answer.content[1].data, "image/png")


def test_the_shelf_forgets_sessions_and_what_is_oldest() -> None:
    shelf = Shelf(most_bytes=100)
    first, second = (shelf.keep(Kept(session, "text/plain", b"x" * 40)) for session in ("a", "b"))
    assert shelf.find(first, "b") is None
    assert shelf.find(first, "a") is not None
    third = shelf.keep(Kept("b", "text/plain", b"x" * 40))
    assert shelf.find(first, "a") is None
    shelf.forget("b")
    assert shelf.find(second, "b") is shelf.find(third, "b") is None
    assert shelf.keep(Kept("a", "text/plain", b"x" * 101)) == ""
    assert shelf.keep(Kept("a", "text/plain", b"x" * 100))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        pytest.param("sklearn", {"requirement": "scikit-learn", "level": "curated"}, id="curated"),
        pytest.param("google.cloud.storage", {"requirement": "google-cloud-storage", "level": "popular"}, id="dotted"),
    ],
)
async def test_an_import_name_says_what_provides_it(
    name: str, said: dict[str, str], connect: Callable[..., Any]
) -> None:
    async with connect() as client:
        (read,) = (await client.read_resource(f"forerun://distribution/{name}")).contents
    (found,) = json.loads(read.text)["distributions"]
    assert {key: found[key] for key in said} == said
    assert name.partition(".")[0] in found["rule"]


async def test_import_names_that_lead_nowhere_say_why(connect: Callable[..., Any]) -> None:
    async with connect() as client:
        answers = [
            json.loads((await client.read_resource(f"forerun://distribution/{name}")).contents[0].text)
            for name in ("os", "bpy", "no_such_thing_1")
        ]
        for name in ("1x", "import", "a%0Aimport%20os", "x" * 300, ""):
            with pytest.raises(Exception, match="no import name"):
                await client.read_resource(f"forerun://distribution/{name}")
    assert answers[0]["standard_library"]
    assert "reason" in answers[1]
    assert "no_such_thing_1" in answers[2]["reason"]


async def test_paths_and_import_names_are_completed(connect: Callable[..., Any], folder: Path) -> None:
    from mcp_types import PromptReference, ResourceTemplateReference

    (folder / "in").mkdir()
    (folder / "in" / "a.py").write_text("1")
    (folder / "index.py").write_text("1")
    files = ResourceTemplateReference(type="ref/resource", uri="forerun://files/{+path}")
    names = ResourceTemplateReference(type="ref/resource", uri="forerun://distribution/{import_name}")
    prompt = PromptReference(type="ref/prompt", name="precheck_script")
    async with connect() as client:
        found = [
            (await client.complete(reference, {"name": name, "value": value})).completion.values
            for reference, name, value in (
                (files, "path", "in"),
                (files, "path", "in/"),
                (prompt, "file_path", "ind"),
                (files, "path", "../"),
                (names, "import_name", "sklearn_c"),
                (files, "other", ""),
            )
        ]
    assert found == [["in/", "index.py"], ["in/a.py"], ["index.py"], [], ["sklearn_crfsuite"], []]


async def test_prompts_name_the_file(connect: Callable[..., Any], mode: str) -> None:
    async with connect(mode) as client:
        prompts = {each.name for each in (await client.list_prompts()).prompts}
        assert prompts == {"precheck_script", "explain_failure"}
        for name in prompts:
            (message,) = (await client.get_prompt(name, {"file_path": "a b.py"})).messages
            assert "'/working/a b.py'" in message.content.text
        with pytest.raises(Exception, match=r"\.\.|Internal|rror"):
            await client.get_prompt("precheck_script", {"file_path": "../x"})
