"""Every test here uses the session's store, and leaves nothing running in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def empty_afterwards(cache_dir: Path) -> Iterator[None]:
    """No test may leave the folder of a run or a half-built layer behind."""
    yield
    for kind in ("runs", "building"):
        folder = cache_dir / "1" / kind
        assert not folder.exists() or sorted(each.name for each in folder.iterdir()) == []
