"""Text that may quote addresses -> the same without the user names and passwords in them."""

from __future__ import annotations

import re

LOGIN = re.compile(r"(?<=://)[^/\s@'\"`<>]+@")
"""The part of an address before its host (RFC 3986, section 3.2.1)."""


def masked(text: str, secrets: frozenset[str] = frozenset()) -> str:
    """Return a text in which each login of an address, and each of the secrets, is `***`."""
    for each in secrets:
        text = text.replace(each, "***")
    return LOGIN.sub("***@", text)


def without_login(address: str) -> str:
    """Return an address without the user name and the password in it."""
    return LOGIN.sub("", address)
