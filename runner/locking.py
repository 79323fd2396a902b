"""Locks of this system: by flock(2), or by LockFileEx where there is none."""

from __future__ import annotations

import sys

if sys.platform == "win32":
    from .windows_locks import Held, claim, is_used, lock, remove_if_free, take_away, use
else:
    from .posix_locks import Held, claim, is_used, lock, remove_if_free, take_away, use

__all__ = ["Held", "claim", "is_used", "lock", "remove_if_free", "take_away", "use"]
