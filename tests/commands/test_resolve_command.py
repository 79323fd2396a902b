"""The command `resolve`, run as a user runs it: what it prints, what it refuses, what it survives."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COMMAND = (sys.executable, "-m", "forerun", "resolve")
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHONIOENCODING": "utf-8"}
needs_shell = pytest.mark.skipif(os.name != "posix", reason="uses a shell")


def resolve(*arguments: str, stdin: bytes = b"", folder: Path | None = None) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*COMMAND, *arguments],
        input=stdin,
        capture_output=True,
        timeout=120,
        cwd=folder,
        env=ENVIRONMENT,
        check=False,
    )


def lines(output: bytes) -> list[str]:
    return output.decode().splitlines()


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "script.py"
    path.write_text("import os\nimport yaml\nfrom sklearn import svm\n", encoding="utf-8")
    return path


def test_a_file(script: Path) -> None:
    done = resolve(str(script))
    assert (done.returncode, lines(done.stdout), done.stderr) == (0, ["pyyaml", "scikit-learn"], b"")


def test_standard_input() -> None:
    done = resolve("-", stdin=b"import yaml\nimport zzqxkcd\n")
    assert (done.returncode, lines(done.stdout)) == (0, ["pyyaml"])
    assert lines(done.stderr) == [
        "<stdin>:2: no distribution is known to provide zzqxkcd; check its spelling, or put its file beside the script"
    ]


def test_a_folder_and_several_paths(script: Path) -> None:
    folder = script.parent / "folder"
    folder.mkdir()
    (folder / "a.py").write_text("import mine, jwt", encoding="utf-8")
    (folder / "mine.py").write_text("import PIL", encoding="utf-8")
    assert lines(resolve(str(folder)).stdout) == ["pillow", "pyjwt"]
    assert lines(resolve(str(folder), str(script)).stdout) == ["pillow", "pyjwt", "pyyaml", "scikit-learn"]


def test_json(script: Path) -> None:
    done = resolve("--json", str(script))
    answer = json.loads(done.stdout)
    assert [each["name"] for each in answer["requirements"]] == ["pyyaml", "scikit-learn"]
    assert resolve("--json", str(script)).stdout == done.stdout


def test_explain(script: Path) -> None:
    text = resolve("--explain", str(script)).stdout.decode()
    assert f"pyyaml  [curated]\n    {script}:2  yaml\n    because import map: yaml -> pyyaml\n" in text


def test_options_change_target_and_trust() -> None:
    assert lines(resolve("--python", "3.13", "-", stdin=b"import telnetlib").stdout) == ["standard-telnetlib"]
    assert lines(resolve("--python", "3.12", "-", stdin=b"import telnetlib").stdout) == []
    denied = lines(resolve("--deny", "PyYAML", "-", stdin=b"import yaml").stdout)
    assert denied == ["pyyaml  # not installed by default: line 1, pyyaml is on the deny list"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["missing.py"], "forerun: missing.py: no such file", id="missing"),
        pytest.param(["missing/x.py"], "forerun: missing/x.py: no such file", id="missing folder"),
        pytest.param(["a\nb.py"], r"forerun: a\nb.py: no such file", id="line break in a name"),
        pytest.param(["\x1b[31m.py"], r"forerun: \x1b[31m.py: no such file", id="escape in a name"),
        pytest.param(["x" * 5000], "cannot be read (File name too long)", id="endless name"),
        pytest.param(["--python", "3", "-"], "forerun: '3' is not a Python version; write it like 3.12", id="python"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(arguments: Sequence[str], said: str, tmp_path: Path) -> None:
    done = resolve(*arguments, folder=tmp_path)
    (line,) = lines(done.stderr)
    assert (done.returncode, done.stdout) == (2, b"")
    assert said in line


def test_an_empty_folder_gets_a_sentence(tmp_path: Path) -> None:
    done = resolve(str(tmp_path))
    assert (done.returncode, done.stdout) == (0, b"")
    assert lines(done.stderr) == [f"{tmp_path}: holds no Python file or notebook that can be read"]


STRANGE: dict[str, bytes] = {
    "empty.py": b"",
    "newline.py": b"\n",
    "binary.py": bytes(range(256)) * 40,
    "null.py": b"import yaml\n\0",
    "bom.py": b"\xef\xbb\xbfimport yaml\n",
    "crlf.py": b"import os\r\nimport yaml\r\n",
    "cr.py": b"import os\rimport yaml\r",
    "formfeed.py": b"\x0cimport os\n\x0c\nimport yaml\n",
    "tabs.py": b"if x:\n\timport yaml\n        import os\n",
    "latin.py": b"# coding: latin-1\nx = '\xe9'\nimport yaml\n",
    "nolatin.py": b"x = '\xe9'\nimport yaml\n",
    "utf16.py": "import yaml\n".encode("utf-16"),
    "nocodec.py": b"# coding: no-such-codec\nimport yaml\n",
    "undefined.py": b"# coding: undefined\nimport yaml\n",
    "hex.py": b"# coding: hex\nimport yaml\n",
    "python2.py": b"import yaml, urllib2\nprint 'x'\n",
    "python2_except.py": b"try:\n    import yaml\nexcept ImportError, e:\n    raise\n",
    "newer.py": b"import yaml\nx = t'{a!r}' ?? 1\n",
    "truncated.py": b"import yaml\nx = '''abc\n",
    "unclosed.py": b"import yaml\nx = (1,\n",
    "nested.py": b"x = " + b"[" * 100_000 + b"]" * 100_000 + b"\nimport yaml\n",
    "open.py": b"(" * 100_000,
    "elif.py": b"if a:\n    pass\n" + b"elif a:\n    pass\n" * 5000 + b"import yaml\n",
    "expression.py": b"x = (1\n" + b"+ 1\n" * 20_000 + b")\nimport yaml\n",
    "attributes.py": b"import discord\nx = discord" + b".a" * 50_000 + b"\n",
    "subscripts.py": b"if x" + b"[0]" * 1500 + b" == 1:\n    import yaml\n",
    "dotted.py": b"import " + b".".join([b"a"] * 5000),
    "longname.py": b"import " + b"a" * 100_000,
    "longline.py": b"x = '" + b"a" * 1_000_000 + b"'\n",
    "quotes.py": b"print 1\n" + b"\\'''\n" * 20_000,
    "blocks.py": b"# /// script\n" * 20_000,
    "badblock.py": b"# /// script\n# dependencies = 3\n# ///\n",
    "big.py": b"import yaml\n" + b"x = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]  # data\n" * 240_000,
    "notebook.ipynb": b'{"cells": [{"cell_type": "code", "source": ["%matplotlib x\\n", "import yaml"]}]}',
    "broken.ipynb": b'{"cells": [',
    "odd.ipynb": b'{"cells": [{"cell_type": "code", "source": 5}]}',
    "deep.ipynb": b"[" * 100_000,
    "bad\nname.py": b"print 1\n",
    "bad\x1b[31mname.py": b"print 1\n",
}
CANNOT_RUN = (
    "binary", "null",
    "tabs", "nolatin", "utf16", "nocodec", "undefined", "hex", "python2", "python2_except", "newer",
    "truncated", "unclosed", "nested", "open", "quotes", "badblock", "broken", "odd", "deep",
)  # fmt: skip


@pytest.fixture
def strange(tmp_path: Path) -> Path:
    folder = tmp_path / "strange"
    folder.mkdir()
    for name, content in STRANGE.items():
        (folder / name).write_bytes(content)
    for number in range(60):
        (folder / f"cut{number}.py").write_bytes(STRANGE["python2_except.py"][:number] + b"'''\\"[: number % 5])
    (folder / "dangling.py").symlink_to(folder / "nowhere")
    (folder / "loop").symlink_to(folder)
    (folder / "selfloop.py").symlink_to(folder / "selfloop.py")
    os.mkfifo(folder / "fifo.py")
    (folder / "secret.py").write_bytes(b"import yaml")
    (folder / "secret.py").chmod(0)
    (folder / "folder.py").mkdir()
    return folder


@needs_shell
@pytest.mark.slow
def test_a_folder_of_strange_files_gives_sentences_and_nothing_else(strange: Path) -> None:
    done = resolve(str(strange))
    said = lines(done.stderr)
    assert done.returncode == 0
    assert b"Traceback" not in done.stderr + done.stdout
    assert "pyyaml" in lines(done.stdout)
    assert all(line.startswith(str(strange)) and line.isprintable() for line in said), said
    for name in CANNOT_RUN:
        assert any(line.startswith((f"{strange}/{name}.py:", f"{strange}/{name}.ipynb:")) for line in said), name
    assert f"{strange}/dangling.py: no such file" in said
    assert f"{strange}/fifo.py: is not a regular file" in said
    assert any(line.startswith(f"{strange}/selfloop.py: ") for line in said)
    assert any(rf"{strange}/bad\nname.py:1: Python 2 code" in line for line in said)
    if os.geteuid() != 0:
        assert f"{strange}/secret.py: no permission to read it" in said


@needs_shell
@pytest.mark.slow
@pytest.mark.parametrize("name", STRANGE)
def test_each_strange_file_alone_is_answered(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(STRANGE[name])
    for option in ("--json", "--explain"):
        done = resolve(option, str(path))
        assert done.returncode == 0
        assert b"Traceback" not in done.stderr
        assert done.stdout.decode().replace("\n", "").isprintable()


@needs_shell
def test_what_may_not_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret.py").write_bytes(b"import yaml")
    code = (
        "from forerun.resolver.source import from_file\n"
        "try: from_file('secret.py')\nexcept Exception as error: print(error)"
    )
    (tmp_path / "secret.py").chmod(0)
    if os.geteuid() == 0:
        # Root reads everything, so the rights of nobody are taken on once the modules are there.
        code = "import sys, os; import forerun.resolver.source\nos.setuid(65534)\n" + code
    tmp_path.chmod(0o755)
    for parent in list(tmp_path.parents)[:2]:
        parent.chmod(0o755)
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        timeout=120,
        cwd=tmp_path,
        env=ENVIRONMENT,
        check=False,
    )
    assert done.stdout.decode() == "secret.py: no permission to read it\n", done.stderr


@needs_shell
@pytest.mark.parametrize(
    ("redirection", "said"),
    [
        pytest.param("| head -c 0", "", id="reader gone"),
        pytest.param("2>&1 >/dev/null | head -c 0", "", id="reader of stderr gone"),
        pytest.param(">&-", "", id="stdout closed"),
        pytest.param("2>&-", "", id="stderr closed"),
        pytest.param("<&- >/dev/null", "", id="stdin closed"),
    ],
)
def test_closed_streams_give_no_traceback(redirection: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("import yaml, zzqxkcd\n" * 5000, encoding="utf-8")
    command = f'"{sys.executable}" -m forerun resolve --explain a.py {redirection}'
    done = subprocess.run(
        ["/bin/sh", "-c", command],
        capture_output=True,
        timeout=120,
        cwd=tmp_path,
        env=ENVIRONMENT,
        check=False,
    )
    assert b"Traceback" not in done.stderr + done.stdout
    assert b"Exception ignored" not in done.stderr


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
def test_a_full_disk_is_one_line(script: Path) -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [*COMMAND, str(script)],
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=120,
            env=ENVIRONMENT,
            check=False,
        )
    assert done.returncode == 2
    assert len(lines(done.stderr)) == 1
    assert b"No space left on device" in done.stderr


def test_a_terminal_that_knows_only_ascii_gets_escapes(tmp_path: Path) -> None:
    (tmp_path / "ä.py").write_text("import yaml, zzqé", encoding="utf-8")
    done = subprocess.run(
        [*COMMAND, "--explain", "ä.py"], capture_output=True, timeout=120, cwd=tmp_path, check=False,
        env={**ENVIRONMENT, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "1"},
    )  # fmt: skip
    assert done.returncode == 0
    assert rb"\xe4.py:1  yaml" in done.stdout


def test_the_fast_path_imports_nothing_dear(script: Path) -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT / 'src')!r}); "
        "from forerun.commands.main import resolve; resolve([sys.argv[1]]);"
        "dear = {'re', 'typing', 'dataclasses', 'enum', 'ast', 'argparse', 'json', 'packaging'};"
        "print(sorted(dear & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code, str(script)],
        capture_output=True, timeout=120, check=False,
    )  # fmt: skip
    assert lines(done.stdout) == ["pyyaml", "scikit-learn", "[]"], done.stderr


def test_a_part_of_a_project_proves_nothing_unused(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "requirements.txt").write_text("requests\nhumanize\nnumpy\n")
    (tmp_path / "b.py").write_text("import requests\n")
    (tmp_path / "sub" / "a.py").write_text("import humanize\n")
    part, whole = (resolve("--check", given, folder=tmp_path) for given in ("sub", "."))
    assert (part.returncode, part.stdout) == (0, b"")
    assert whole.returncode == 1
    (found,) = lines(whole.stdout)
    assert found.endswith("requirements.txt:3: declares numpy, which nothing here imports")
