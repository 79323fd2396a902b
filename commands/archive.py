"""A zip archive that Python can run (`zipapp`) -> its `__main__.py` as a `Source`, beside the modules in it.

The archive itself is what is run. What is in it lies in a temporary folder meanwhile, where the resolver can read it.
"""

from __future__ import annotations

import os
import tempfile
import zipfile

from forerun.resolver.errors import SourceError
from forerun.resolver.source import LARGEST, from_file
from forerun.runner.deletion import delete

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from forerun.resolver.source import Source

MOST_FILES = 10_000
"""Python files in an archive that are looked at."""


def source_of_archive(path: str) -> Source:
    """Return what an archive runs; `put_away` is to be called for it.

    Raises:
        SourceError: it is no zip archive, holds no `__main__.py`, or cannot be read.
    """
    folder = tempfile.mkdtemp(prefix="forerun-")
    try:
        # The root of a repository and of a project that declares nothing: above it, others may write what they like.
        os.mkdir(os.path.join(folder, ".git"))
        open(os.path.join(folder, "pyproject.toml"), "w").close()
        with zipfile.ZipFile(path) as archive:
            for each in _sources_in(archive):
                archive.extract(each, folder)
        return from_file(os.path.join(folder, "__main__.py"))
    except BaseException as error:
        delete(folder)
        if isinstance(error, FileNotFoundError | NotADirectoryError):
            raise SourceError(path, "no such file") from error
        if isinstance(error, SourceError):
            raise SourceError(path, "holds no __main__.py, so that Python cannot run it") from error
        if isinstance(error, Exception):  # Whatever a decoder says of damaged data.
            raise SourceError(path, f"is no zip archive that can be read ({error})") from error
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


def put_away(source: Source) -> None:
    """Delete what was taken out of an archive."""
    delete(source.folder)
