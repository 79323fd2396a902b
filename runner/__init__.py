"""Source text -> imports -> requirements."""

from __future__ import annotations
