"""What comes of a run beside its text: files, figures, output that did not fit; and who can read it."""

from __future__ import annotations

import base64
import json
import struct
import zlib
from typing import TYPE_CHECKING, Any

import pytest
from mcp_types import ImageContent, ResourceLink

from forerun.server.images import can_be_sent, size_of
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
    assert can_be_sent(data, 10_000) is kept


def test_a_png_beyond_the_limit_is_not_sent() -> None:
    picture = png(100, 100)
    assert can_be_sent(picture, len(picture))
    assert not can_be_sent(picture, len(picture) - 1)


NOISE = """\
import numpy as np
import matplotlib.pyplot as plt
noise = np.random.default_rng(0).random
for inches in SIZES:
    figure = plt.figure(figsize=(inches, inches))
    figure.figimage(noise((int(inches * 100), int(inches * 100), 3)), resize=True)
"""
"""Figures without whitespace, of about 30 kB a square inch: noise cannot be compressed."""


@pytest.mark.network
@pytest.mark.slow
async def test_large_figures_are_scaled_down_and_linked_in_full(connect: Callable[..., Any]) -> None:
    async with connect() as client:
        arguments = {"python_code": NOISE, "global_variables": {"SIZES": [3, 12, 12]}}
        answer = await client.call_tool("run_python_code", arguments)
        pictures = [base64.b64decode(each.data) for each in answer.content if isinstance(each, ImageContent)]
        links = [each for each in answer.content if isinstance(each, ResourceLink)]
        (full,) = (await client.read_resource(links[1].uri)).contents
    assert [each.name for each in links] == ["figure 1", "figure 2", "figure 3"]
    assert sum(map(len, pictures)) <= 5_000_000
    assert [len(each) == link.size for each, link in zip(pictures, links, strict=True)] == [True, False, False]
    # Scaled as a whole, and no smaller than it had to be.
    assert all(700 < size_of(each)[0] == size_of(each)[1] < 900 for each in pictures[1:])
    assert 1200 <= size_of(base64.b64decode(full.blob))[0] == size_of(base64.b64decode(full.blob))[1]
    assert [each for each in answer.structured_content["notes"] if "scaled" in each] == [
        f"figure {number} is scaled down to be sent; its link leads to it in full" for number in (2, 3)
    ]


@pytest.mark.network
@pytest.mark.parametrize(
    ("mode", "size", "length"),
    [
        pytest.param("RGB", (1500, 1200), 5_400_000, id="colours"),
        pytest.param("P", (2500, 2200), 5_500_000, id="a palette"),
        pytest.param("1", (8000, 5000), 5_000_000, id="black and white"),
        pytest.param("I;16", (2000, 1300), 5_200_000, id="wide integers"),
    ],
)
async def test_a_large_image_is_scaled_down(
    mode: str, size: tuple[int, int], length: int, connect: Callable[..., Any]
) -> None:
    code = f"import os\nfrom PIL import Image\nimage = Image.frombytes({mode!r}, {size}, os.urandom({length}))\n"
    if mode == "P":
        code += "image.putpalette(os.urandom(768))\n"
    async with connect() as client:
        answer = await client.call_tool("run_python_code", {"python_code": f"{code}image"})
    (sent,) = (base64.b64decode(each.data) for each in answer.content if isinstance(each, ImageContent))
    (link,) = (each for each in answer.content if isinstance(each, ResourceLink))
    assert len(sent) <= 5_000_000 < (link.size or 0)
    assert abs(size_of(sent)[0] / size_of(sent)[1] - size[0] / size[1]) < 0.01


@pytest.mark.network
async def test_a_picture_beyond_what_is_kept_is_scaled_down_all_the_same(connect: Callable[..., Any]) -> None:
    code = "import os\nfrom PIL import Image\nImage.frombytes('RGB', (2000, 1800), os.urandom(10_800_000))"
    async with connect() as client:
        answer = await client.call_tool("run_python_code", {"python_code": code})
    (sent,) = (base64.b64decode(each.data) for each in answer.content if isinstance(each, ImageContent))
    (link,) = (each for each in answer.content if isinstance(each, ResourceLink))
    assert len(sent) == link.size
    assert len(sent) <= 5_000_000
    assert "a picture of more than 10 MB is kept only scaled down" in answer.structured_content["notes"][0]


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
