"""Installed files -> those that are not what the distributions' own lists say (RECORD)."""

from __future__ import annotations

import base64
import csv
import hashlib
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CHUNK = 1 << 20


def differing(site_packages: str, files: Sequence[str] | None = None) -> list[str]:
    """Return the paths, relative to a site-packages folder, that a RECORD lists otherwise, or that none lists.

    `files` is what was there (`files_in`) before something of ours began to add to it; None asks what is there now.
    See "Recording installed projects" of the packaging specifications. A cache that something has changed hands out
    files that were never checked again since they were unpacked, so that they are checked where they arrive.
    """
    listed: set[str] = set()
    wrong = []
    for record in _records(site_packages):
        for path, algorithm, expected in _entries(record):
            real = os.path.normpath(os.path.join(site_packages, path))
            listed.add(real)
            if not _is_as_listed(real, algorithm, expected):
                wrong.append(path)
    there = files_in(site_packages) if files is None else files
    wrong += [os.path.relpath(path, site_packages) for path in there if path not in listed]
    return sorted(wrong)


def _records(site_packages: str) -> Iterator[str]:
    for name in sorted(os.listdir(site_packages)):
        if name.endswith(".dist-info"):
            yield os.path.join(site_packages, name, "RECORD")


def _entries(record: str) -> Iterator[tuple[str, str, str]]:
    """Yield each path in a RECORD with the algorithm and the hash that it has there, "" for none."""
    try:
        with open(record, encoding="utf-8", errors="surrogateescape", newline="") as file:
            rows = list(csv.reader(file))
    except (OSError, csv.Error):
        return
    for row in rows:
        algorithm, _, expected = (row[1] if len(row) > 1 else "").partition("=")
        if row and row[0]:
            yield row[0], algorithm, expected


def _is_as_listed(path: str, algorithm: str, expected: str) -> bool:
    try:
        if os.path.islink(path) or not os.path.isfile(path):
            return False
        return not expected or _hash(path, algorithm) == expected.rstrip("=")
    except (OSError, ValueError):
        return False


def _hash(path: str, algorithm: str) -> str:
    found = hashlib.new(algorithm)
    with open(path, "rb", buffering=0) as file:
        while chunk := file.read(CHUNK):
            found.update(chunk)
    return base64.urlsafe_b64encode(found.digest()).decode("ascii").rstrip("=")


def files_in(folder: str) -> list[str]:
    """Return the paths of everything in a folder that is not a folder itself; links are not followed."""
    found = []
    for path, folders, names in os.walk(folder):
        linked = [name for name in folders if os.path.islink(os.path.join(path, name))]
        found += [os.path.normpath(os.path.join(path, name)) for name in (*names, *linked)]
    return found
