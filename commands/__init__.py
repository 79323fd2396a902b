"""One file a command: arguments, terminal, files written, exit codes. Nothing imports it."""

from __future__ import annotations
