"""Every test here uses the session's store, and leaves nothing running in it."""

from __future__ import annotations

import base64
import hashlib
import io
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def empty_afterwards(cache_dir: Path) -> Iterator[None]:
    """No test may leave the folder of a run or a half-built layer behind."""
    yield
    for kind in ("runs", "building"):
        folder = cache_dir / "1" / kind
        assert not folder.exists() or sorted(each.name for each in folder.iterdir()) == []


def wheel(name: str, version: str, files: dict[str, str]) -> tuple[str, bytes]:
    """Return the file name and the bytes of a wheel (binary distribution format)."""
    info = f"{name}-{version}.dist-info"
    whole = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    lines = []
    for path, text in whole.items():
        found = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")
        lines.append(f"{path},sha256={found},{len(text.encode())}")
    whole[f"{info}/RECORD"] = "\n".join([*lines, f"{info}/RECORD,,"]) + "\n"
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        for path, text in whole.items():
            file.writestr(path, text)
    return f"{name}-{version}-py3-none-any.whl", archive.getvalue()


BACKEND = """\
import base64, hashlib, json, os, sys, zipfile
def _seen():
    environ = dict(os.environ)
    lines = []
    process = os.getpid()
    while process > 1:
        try:
            lines.append(open(f"/proc/{process}/cmdline").read())
            process = int(open(f"/proc/{process}/stat").read().rpartition(")")[2].split()[1])
        except OSError:
            break
    readable = []
    for number in range(3, 20):
        try:
            os.set_blocking(number, False)
            readable.append(os.read(number, 1000).decode(errors="replace"))
        except OSError:
            pass
    return json.dumps([environ, lines, readable])
def build_wheel(folder, config_settings=None, metadata_directory=None):
    files = {"NAME.py": f"seen = {_seen()!r}",
             "NAME-1.0.dist-info/METADATA": "Metadata-Version: 2.1\\nName: NAME\\nVersion: 1.0\\n",
             "NAME-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"}
    record = "".join(f"{path},,\\n" for path in (*files, "NAME-1.0.dist-info/RECORD"))
    with zipfile.ZipFile(os.path.join(folder, "NAME-1.0-py3-none-any.whl"), "w") as file:
        for path, text in {**files, "NAME-1.0.dist-info/RECORD": record}.items():
            file.writestr(path, text)
    return "NAME-1.0-py3-none-any.whl"
def build_sdist(folder, config_settings=None):
    raise NotImplementedError
"""
"""A build backend in the distribution itself, which puts what it can see into the module that it builds."""


def source_distribution(name: str) -> tuple[str, bytes]:
    """Return the file name and the bytes of a source distribution whose build tells what it saw."""
    files = {
        "PKG-INFO": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        "pyproject.toml": "[build-system]\nrequires = []\nbuild-backend = 'backend'\nbackend-path = ['.']\n",
        "backend.py": BACKEND.replace("NAME", name),
    }
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as file:
        for path, text in files.items():
            member = tarfile.TarInfo(f"{name}-1.0/{path}")
            member.size = len(text.encode())
            file.addfile(member, io.BytesIO(text.encode()))
    return f"{name}-1.0.tar.gz", archive.getvalue()


class LocalIndex:
    """A package index on this machine ("Simple repository API"), which may ask for a login."""

    def __init__(self, login: str = "") -> None:
        self.files: dict[str, dict[str, bytes]] = {}
        self.asked: list[str] = []
        index, wanted = self, f"Basic {base64.b64encode(login.encode()).decode()}"

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                index.asked.append(self.path)
                if login and self.headers.get("Authorization") != wanted:
                    self.send_response(401)
                    self.send_header("WWW-Authenticate", 'Basic realm="index"')
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                body = index.answer(self.path)
                self.send_response(404 if body is None else 200)
                self.send_header("Content-Type", "text/html" if self.path.endswith("/") else "binary/octet-stream")
                self.send_header("Content-Length", str(len(body or b"")))
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(body or b"")

            do_HEAD = do_GET

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self.server.server_address[1]}"

    def url(self, login: str = "") -> str:
        """Return the index's address."""
        return f"http://{login}{'@' if login else ''}{self.host}/simple"

    def add(self, name: str, file: tuple[str, bytes]) -> None:
        """Offer a file of a project."""
        self.files.setdefault(name, {})[file[0]] = file[1]

    def answer(self, path: str) -> bytes | None:
        """Return the page of a project, or a file."""
        parts = path.strip("/").split("/")
        files = self.files.get(parts[1]) if len(parts) > 1 else None
        if files is None:
            return None
        if len(parts) == 2:
            links = (
                f'<a href="/simple/{parts[1]}/{name}#sha256={hashlib.sha256(data).hexdigest()}">{name}</a>'
                for name, data in files.items()
            )
            return f"<!DOCTYPE html><html><body>{''.join(links)}</body></html>".encode()
        return files.get(parts[2])


LOGIN = "joe:hunter22"


@pytest.fixture
def local_index() -> Iterator[LocalIndex]:
    """An index with a wheel of acme-tools and a source distribution of acme-built."""
    yield from _served("")


@pytest.fixture
def private_index() -> Iterator[LocalIndex]:
    """The same, which asks for a login."""
    yield from _served(LOGIN)


def _served(login: str) -> Iterator[LocalIndex]:
    index = LocalIndex(login)
    index.add("acme-tools", wheel("acme_tools", "1.0", {"acme_tools.py": "answer = 42\n"}))
    index.add("acme-built", source_distribution("acme_built"))
    thread = threading.Thread(target=index.server.serve_forever, daemon=True)
    thread.start()
    yield index
    index.server.shutdown()
    index.server.server_close()
    thread.join()
