"""An index that cannot be reached, or not at once: uv's own cache helps, and a little patience."""

from __future__ import annotations

import http.server
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from forerun.resolver.findings import Requirement
from forerun.resolver.trust import policy
from forerun.runner.errors import InstallError
from forerun.runner.installer import FEW_RETRIES, Uv
from forerun.runner.interpreter import this_interpreter
from forerun.runner.lock_request import lock_request

WHEEL = "zztiny-1.0-py3-none-any.whl"
TINY = Requirement("zztiny", "declared")


def wheel(path: Path) -> bytes:
    info = "zztiny-1.0.dist-info"
    with zipfile.ZipFile(path / WHEEL, "w") as archive:
        archive.writestr("zztiny.py", "")
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: zztiny\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return (path / WHEEL).read_bytes()


class Index(http.server.ThreadingHTTPServer):
    """A package index with one wheel, which drops the first requests without an answer."""

    def __init__(self, data: bytes, dropped: int) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.data = data
        self.dropped = dropped
        self.requests = 0


class Answer(http.server.BaseHTTPRequestHandler):
    server: Index

    def do_GET(self) -> None:
        self.server.requests += 1
        if self.server.requests <= self.server.dropped:
            self.close_connection = True
            return
        is_wheel = self.path.endswith(".whl")
        body = self.server.data if is_wheel else f'<a href="/{WHEEL}">{WHEEL}</a>'.encode()
        self.send_response(200 if is_wheel or self.path == "/simple/zztiny/" else 404)
        self.send_header("Content-Type", "application/octet-stream" if is_wheel else "text/html")
        # So that each answer is asked for again, and not taken from the cache while the index is there.
        self.send_header("Cache-Control", "max-age=0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@contextmanager
def serving(data: bytes, monkeypatch: pytest.MonkeyPatch, dropped: int = 0) -> Iterator[Index]:
    index = Index(data, dropped)
    threading.Thread(target=index.serve_forever, daemon=True).start()
    monkeypatch.setenv("UV_DEFAULT_INDEX", f"http://127.0.0.1:{index.server_port}/simple")
    for name in ("UV_INDEX", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS", "UV_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    try:
        yield index
    finally:
        index.shutdown()
        index.server_close()


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> bytes:
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    return wheel(tmp_path)


def locked(uv: Uv, folder: Path, requirement: Requirement = TINY) -> str:
    return uv.lock(lock_request([requirement], policy(), ""), this_interpreter().path, str(folder))


def test_what_the_cache_holds_is_enough(data: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(data, monkeypatch):
        text = locked(Uv(), tmp_path)
    assert "zztiny==1.0 " in text
    assert locked(Uv(), tmp_path) == text
    with pytest.raises(InstallError) as caught:
        locked(Uv(), tmp_path, TINY.replace(specifier="==2.0"))
    assert caught.value.is_offline


def test_an_index_that_comes_back_is_waited_for(data: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(data, monkeypatch, dropped=FEW_RETRIES + 1) as index:
        assert "zztiny==1.0 " in locked(Uv(), tmp_path)
    assert index.requests > FEW_RETRIES + 1


def test_the_persons_own_number_of_retries_holds(data: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    with serving(data, monkeypatch, dropped=9) as index, pytest.raises(InstallError):
        locked(Uv(), tmp_path)
    assert index.requests == 2
