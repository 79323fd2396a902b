"""How old a release must be, and what may be built: policies and blocks, against an index of our own."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

import forerun
from forerun.resolver.library import resolve
from forerun.runner.library import lock

NAME, MODULE = "zzforerun-dated", "zzforerun_dated"
CODE = f"import {MODULE}\nprint({MODULE}.value)\n"
Index = Callable[..., str]


def wheel(version: str) -> tuple[str, bytes]:
    info = f"{MODULE}-{version}.dist-info"
    files = {
        f"{MODULE}.py": f"value = {version!r}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {NAME}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{name},,\n" for name in [*files, f"{info}/RECORD"])
    data = io.BytesIO()
    with ZipFile(data, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return f"{MODULE}-{version}-py3-none-any.whl", data.getvalue()


def source_distribution(version: str) -> tuple[str, bytes]:
    """A distribution without a wheel, whose build is its own code and needs nothing."""
    folder = f"{MODULE}-{version}"
    name, built = wheel(version)
    backend = (
        f"import base64, os\nDATA = {built!r}\n"
        "def build_wheel(folder, settings=None, metadata=None):\n"
        f"    open(os.path.join(folder, {name!r}), 'wb').write(DATA)\n    return {name!r}\n"
    )
    files = {
        f"{folder}/PKG-INFO": f"Metadata-Version: 2.1\nName: {NAME}\nVersion: {version}\n",
        f"{folder}/pyproject.toml": (
            f'[project]\nname = "{NAME}"\nversion = "{version}"\n'
            '[build-system]\nrequires = []\nbuild-backend = "own"\nbackend-path = ["."]\n'
        ),
        f"{folder}/own.py": backend,
    }
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as archive:
        for path, text in files.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    return f"{folder}.tar.gz", data.getvalue()


@pytest.fixture
def index(cache_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    """Start an index that holds files, each with its age in days (None: it tells no date), and use it alone."""
    servers = []

    def start(*files: tuple[tuple[str, bytes], float | None]) -> str:
        served = {name: data for (name, data), _ in files}

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                name = self.path.rstrip("/").rpartition("/")[2]
                kind = "application/octet-stream" if name in served else "application/vnd.pypi.simple.v1+json"
                body = served.get(name) or (listing() if name == NAME else b"")
                self.send_response(200 if body else 404)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(body)

            do_HEAD = do_GET

            def log_message(self, *_: Any) -> None:
                pass

        def listing() -> bytes:
            entries = [
                {"filename": name, "url": f"/files/{name}", "hashes": {"sha256": hashlib.sha256(data).hexdigest()}}
                | ({} if age is None else {"upload-time": (datetime.now(UTC) - timedelta(days=age)).isoformat()})
                for (name, data), age in files
            ]
            return json.dumps({"meta": {"api-version": "1.1"}, "name": NAME, "files": entries}).encode()

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        address = f"http://127.0.0.1:{server.server_address[1]}/simple"
        for name, value in (("UV_DEFAULT_INDEX", address), ("UV_NO_CACHE", "1"), ("UV_FIND_LINKS", "")):
            monkeypatch.setenv(name, value)
        return address

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def ran(**options: Any) -> forerun.RunResult:
    return forerun.run(CODE, **options)


def test_a_guess_waits_a_week_and_what_is_declared_does_not(index: Index) -> None:
    index((wheel("1.0"), 30), (wheel("2.0"), 8), (wheel("3.0"), 1))
    assert ran(allow=[NAME]).stdout == "2.0\n"
    assert ran(preinstalled=[NAME]).stdout == "3.0\n"


def test_a_date_holds_for_everything_and_never_makes_a_guess_younger(index: Index) -> None:
    index((wheel("1.0"), 30), (wheel("2.0"), 8), (wheel("3.0"), 1))
    then, yesterday = ((datetime.now(UTC) - timedelta(days=days)).isoformat() for days in (20, 0.5))
    assert ran(preinstalled=[NAME], exclude_newer=then).stdout == "1.0\n"
    assert ran(allow=[NAME], exclude_newer=then).stdout == "1.0\n"
    assert ran(allow=[NAME], exclude_newer=yesterday).stdout == "2.0\n"
    resolution = resolve(f"# /// script\n# dependencies = ['{NAME}']\n# ///\n")
    rules = forerun.resolver.trust.policy(exclude_newer=then)
    assert f"{NAME}==1.0 " in lock(resolution.requirements, rules=rules)


def test_an_index_without_dates_is_named_and_a_date_cannot_be_kept(index: Index) -> None:
    index((wheel("1.0"), None))
    result = ran(allow=[NAME])
    assert result.stdout == "1.0\n"
    (note,) = result.notes
    assert note.startswith(f"the index tells no upload dates, so the newest releases of {NAME} were taken")
    assert ran(preinstalled=[NAME]).notes == ()
    failed = ran(preinstalled=[NAME], exclude_newer="2030-01-01")
    assert isinstance(failed, forerun.InstallFailed)
    assert "--exclude-newer cannot be kept" in failed.error


@pytest.mark.parametrize(
    ("options", "is_built"),
    [
        pytest.param({"allow": [NAME]}, False, id="a guess"),
        pytest.param({"allow": [NAME], "allow_build": [MODULE]}, True, id="a guess that may be built"),
        pytest.param({"preinstalled": [NAME]}, True, id="declared"),
        pytest.param({"preinstalled": [NAME], "no_build": True}, False, id="declared, and nothing may be built"),
        pytest.param({"preinstalled": [NAME], "no_build": True, "allow_build": [NAME]}, True, id="but this one"),
    ],
)
def test_what_has_no_wheel_is_built_only_where_it_may_be(options: dict[str, Any], is_built: bool, index: Index) -> None:
    index((source_distribution("1.0"), 30))
    result = ran(**options)
    if is_built:
        assert result.stdout == "1.0\n"
        assert result.notes == (f"{NAME} has no wheel for here and is built from its source, which runs its code",)
    else:
        assert isinstance(result, forerun.InstallFailed)
        assert "no usable wheels" in result.error


def block(*lines: str, dependencies: str = f"['{NAME}']") -> str:
    return "\n".join(["# /// script", f"# dependencies = {dependencies}", "# [tool.uv]", *lines, "# ///", CODE])


def test_uv_settings_of_a_person_s_block_hold(index: Index, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    address = index((wheel("1.0"), 30), (wheel("2.0"), 8))
    then = (datetime.now(UTC) - timedelta(days=20)).isoformat()
    script = tmp_path / "a.py"
    script.write_text(block(f"# exclude-newer = '{then}'"))
    assert forerun.run(script).stdout == "1.0\n"
    # Another index than everybody's, which the block alone names.
    monkeypatch.setenv("UV_DEFAULT_INDEX", f"{address}/nothing")
    script.write_text(
        block("# [[tool.uv.index]]", "# name = 'own'", f"# url = '{address}'", "# explicit = true",
              "# [tool.uv.sources]", f"# {NAME} = {{ index = 'own' }}")
    )  # fmt: skip
    result = forerun.run(script)
    assert (result.stdout, [str(each) for each in result.dependencies]) == ("2.0\n", [f"{NAME}==2.0"])
    assert [each.name for each in tmp_path.iterdir()] == ["a.py"]
    resolution = resolve(script)
    assert f"{NAME}==2.0" in lock(resolution.requirements, settings=resolution.uv_settings)


def test_a_path_in_uv_settings_counts_from_the_script_and_shows_its_changes(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index()
    project = tmp_path / "scripts" / "lib"
    project.mkdir(parents=True)
    _, data = source_distribution("5.0")
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        archive.extractall(project, filter="data")
    backend = project / f"{MODULE}-5.0" / "own.py"
    backend.write_text(backend.read_text() + "build_editable = build_wheel\n")
    script = tmp_path / "scripts" / "a.py"
    script.write_text(block("# [tool.uv.sources]", f"# {NAME} = {{ path = 'lib/{MODULE}-5.0' }}"))
    monkeypatch.chdir("/")
    result = forerun.run(script)
    assert result.stdout == "5.0\n", result
    assert "is built from its source" in result.notes[0]
    refused = forerun.run(script, no_build=True)
    assert isinstance(refused, forerun.InstallFailed)


def test_what_uv_cannot_read_is_one_sentence(index: Index) -> None:
    index()
    result = forerun.run(block("# no-such-setting = 1"))
    assert isinstance(result, forerun.InstallFailed)
    assert "unknown field `no-such-setting`" in result.error
    assert "\n" not in result.error
