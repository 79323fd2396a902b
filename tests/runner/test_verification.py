"""Installed files are compared with what their distributions list, and a changed cache of uv does not reach a layer."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import sys
from pathlib import Path

import pytest

import forerun
from forerun.resolver.findings import Requirement
from forerun.runner.installer import MANY_FILES, Uv, _differs
from forerun.runner.interpreter import this_interpreter
from forerun.runner.layer import Layers
from forerun.runner.observer import Observer
from forerun.runner.store import open_store
from forerun.runner.verification import differing, files_in


def entry(path: str, content: bytes) -> str:
    found = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
    return f"{path},sha256={found},{len(content)}"


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A site-packages folder with one distribution, one of whose files is a program beside the library."""
    folder = tmp_path / "lib" / "python3" / "site-packages"
    files = {"pkg/__init__.py": b"x = 1\n", 'pkg/a "b", c.txt': b"odd name", "../../../bin/run": b"#!run"}
    for name, content in files.items():
        path = Path(os.path.normpath(folder / name))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (folder / "pkg-1.0.dist-info").mkdir()
    lines = [entry(name, content) for name, content in files.items() if '"' not in name]
    quoted = '"pkg/a ""b"", c.txt"' + entry("", files['pkg/a "b", c.txt'])
    lines += [quoted, "pkg-1.0.dist-info/RECORD,,"]
    (folder / "pkg-1.0.dist-info" / "RECORD").write_text("\n".join(lines) + "\n")
    return folder


def test_what_is_as_listed_does_not_differ(installed: Path) -> None:
    assert differing(str(installed)) == []


def test_what_is_compiled_during_a_check_does_not_differ(installed: Path) -> None:
    record = installed / "pkg-1.0.dist-info" / "RECORD"
    with record.open("a") as lines:
        for number in range(MANY_FILES):
            (installed / "pkg" / f"m{number}.py").write_text("")
            lines.write(entry(f"pkg/m{number}.py", b"") + "\n")
    compiled = installed / "pkg" / "__pycache__"
    code = f"import compileall, time; compileall.compile_dir({str(installed)!r}, quiet=2); time.sleep(600)"
    for found in (False, True):
        assert _differs(str(installed), [sys.executable, "-c", code]) is found
        # It was ended together with the check, at whatever moment that was.
        shutil.rmtree(compiled, ignore_errors=True)
        (installed / "added.py").touch()


def test_only_what_was_there_at_the_beginning_is_compared(installed: Path) -> None:
    files = files_in(str(installed))
    (installed / "pkg" / "later.py").touch()
    assert differing(str(installed), files) == []
    assert differing(str(installed)) == ["pkg/later.py"]


CHANGES = {
    "changed": (lambda at: (at / "pkg/__init__.py").write_text("x = 2\n"), ["pkg/__init__.py"]),
    "missing": (lambda at: (at / "pkg/__init__.py").unlink(), ["pkg/__init__.py"]),
    "odd name": (lambda at: (at / 'pkg/a "b", c.txt').write_text(""), ['pkg/a "b", c.txt']),
    "program": (lambda at: (at / "../../../bin/run").write_text(""), ["../../../bin/run"]),
    "added": (lambda at: (at / "sitecustomize.py").touch(), ["sitecustomize.py"]),
    "added path file": (lambda at: (at / "evil.pth").touch(), ["evil.pth"]),
    "a link in place": (
        lambda at: ((at / "pkg/__init__.py").rename(at.parent / "i"), (at / "pkg/__init__.py").symlink_to("../../i")),
        ["pkg/__init__.py"],
    ),
    "linked folder": (lambda at: (at / "more").symlink_to(at / "pkg"), ["more"]),
    "no list": (
        lambda at: (at / "pkg-1.0.dist-info/RECORD").unlink(),
        ["pkg/__init__.py", 'pkg/a "b", c.txt'],
    ),
}


@pytest.mark.parametrize(("change", "found"), CHANGES.values(), ids=CHANGES.keys())
def test_what_differs_is_named(change: object, found: list[str], installed: Path) -> None:
    assert callable(change)
    change(installed)
    assert differing(str(installed)) == found


def test_an_unknown_hash_is_no_match(installed: Path) -> None:
    record = installed / "pkg-1.0.dist-info" / "RECORD"
    record.write_text(record.read_text().replace("sha256", "rot13"))
    assert "pkg/__init__.py" in differing(str(installed))


def built(own: Path, requirement: Requirement) -> Path:
    with Layers(open_store(str(own)), this_interpreter(), Uv, lambda: None) as layers:
        return Path(layers.layer_for([requirement], Observer()).path)


CORRUPTIONS = {
    "a changed file": lambda module: module.write_text("TOUCHED = True\n"),
    "an added file": lambda module: (module.parent / "sitecustomize.py").write_text("raise SystemExit('taken over')"),
    "a cut-off file": lambda module: module.write_bytes(module.read_bytes()[:100]),
}


@pytest.mark.network
@pytest.mark.parametrize("corrupt", CORRUPTIONS.values(), ids=CORRUPTIONS.keys())
def test_a_corrupted_entry_of_uvs_cache_does_not_become_a_layer(
    corrupt: object, cache_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    six = Requirement("six", "curated", specifier="==1.16.0")
    right = built(tmp_path / "first", six)
    sound = next(right.rglob("six.py")).read_bytes()
    cached = [path for path in (tmp_path / "uv").rglob("six.py") if path.is_file()]
    assert cached
    assert callable(corrupt)
    for each in cached:
        assert not each.samefile(next(right.rglob("six.py")))
        corrupt(each)
    second = built(tmp_path / "second", six)
    assert next(second.rglob("six.py")).read_bytes() == sound
    assert not list(second.rglob("sitecustomize.py"))
    assert differing(str(next(second.glob("lib/*/site-packages")))) == []


@pytest.mark.network
def test_the_programs_of_a_reinstalled_layer_run(
    cache_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    monkeypatch.setenv("FORERUN_CACHE_DIR", str(tmp_path / "store"))
    code = "import charset_normalizer, subprocess\nsubprocess.run(['normalizer', '--version'], check=True)"
    assert forerun.run(code).status == "success"
    for each in (tmp_path / "uv").rglob("charset_normalizer/__init__.py"):
        each.write_text("")
    monkeypatch.setenv("FORERUN_CACHE_DIR", str(tmp_path / "other"))
    result = forerun.run(code)
    assert result.status == "success", result.error
    assert "Charset-Normalizer" in result.stdout
