"""Flags of open(2) that not every system has -> the flag, or nothing where the system has no such danger."""

from __future__ import annotations

import os

CLOSED_ON_EXEC = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
"""Not inherited by what we start, which is Python's own default on Windows; and bytes as they are."""
FOLLOW_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
"""Windows has no such flag; links there need a right that few accounts have: see `is_reparse_point` in `deletion`."""
WAIT_FOR_NOBODY = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
"""Opening a pipe would wait for somebody to write into it."""
FOLDER = getattr(os, "O_DIRECTORY", 0)
