"""A zip archive that Python can run (`zipapp`) -> its `__main__.py` as a `Source`, beside the modules in it.

The archive itself is what is run. What is in it lies in the store meanwhile, where the resolver can read it.
"""

from __future__ import annotations

import os
import zipfile
from contextlib import contextmanager

from forerun.resolver.errors import SourceError
from forerun.resolver.source import LARGEST, from_file
from forerun.runner.errors import StoreError
from forerun.runner.store import Claim, open_store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from forerun.resolver.source import Source

MOST_FILES = 10_000
"""Python files in an archive that are looked at."""

UNREADABLE = "is no zip archive that can be read"


@contextmanager
def unpacked(path: str) -> Iterator[Source]:
    """Yield what an archive runs, beside its modules; what was taken out of it is gone afterwards.

    The project that the archive lies in declares for it, as it does for a script that lies there.

    Raises:
        SourceError: it is no zip archive, holds no `__main__.py`, or cannot be read.
        StoreError: there is no place to unpack it.
    """
    with _opened(path) as archive, _place() as folder:
        source = _unpack(path, archive, folder)
        yield source.replace(project=os.path.dirname(os.path.abspath(path)))


def _opened(path: str) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise SourceError(path, "no such file") from error
    except Exception as error:  # Whatever a decoder says of damaged data.
        raise SourceError(path, f"{UNREADABLE} ({error})") from error


@contextmanager
def _place() -> Iterator[str]:
    """Yield a new folder in the store, which the next run of anyone deletes when we are killed."""
    store = open_store()
    claim = Claim(store, "runs", f"{os.getpid()}-archive-{os.urandom(4).hex()}")
    try:
        claim.__enter__()
    except OSError as error:
        raise StoreError(store.folder, f"cannot be written to ({error.strerror})") from error
    try:
        yield claim.folder
    finally:
        claim.__exit__()


def _unpack(path: str, archive: zipfile.ZipFile, folder: str) -> Source:
    try:
        # The root of a repository and of a project that declares nothing: what lies above is none of the archive's.
        os.mkdir(os.path.join(folder, ".git"))
        open(os.path.join(folder, "pyproject.toml"), "w").close()
        for each in _sources_in(archive):
            _extract(archive, each, folder)
        return from_file(os.path.join(folder, "__main__.py"))
    except SourceError as error:
        raise SourceError(path, "holds no __main__.py, so that Python cannot run it") from error
    except Exception as error:
        raise SourceError(path, f"{UNREADABLE} ({error})") from error


def _extract(archive: zipfile.ZipFile, member: zipfile.ZipInfo, folder: str) -> None:
    """Take a file out, if the file system can have it beside the others: Python imports it from the archive itself."""
    try:
        archive.extract(member, folder)
    except OSError:
        if member.filename == "__main__.py":
            raise


def _sources_in(archive: zipfile.ZipFile) -> Iterator[zipfile.ZipInfo]:
    """Yield the Python files, the main one first, as many as may be read."""
    files = [each for each in archive.infolist() if each.filename.endswith(".py")]
    left = LARGEST
    for each in sorted(files, key=lambda each: each.filename != "__main__.py")[:MOST_FILES]:
        left -= each.file_size
        if left < 0:
            return
        yield each
