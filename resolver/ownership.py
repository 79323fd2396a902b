"""What is known of a file -> whether it is ours and closed to others, where a system tells that by owner and mode."""

from __future__ import annotations

import os

IS_TOLD = hasattr(os, "geteuid")
"""Windows closes a user's own folders to others, and its modes say nothing."""


def is_trustworthy(status: os.stat_result, owners: tuple[int, ...] = (), forbidden: int = 0o022) -> bool:
    """Whether a file belongs to us, or to one of `owners`, and no bit of `forbidden` is in its mode."""
    if not IS_TOLD:
        return True
    return status.st_uid in (os.geteuid(), *owners) and not status.st_mode & forbidden
