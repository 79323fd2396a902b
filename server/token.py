"""The operator's choice -> the bearer token that clients must send; made and kept in a private file if none is given.

The form of a token is that of RFC 6750, section 2.1.
"""

from __future__ import annotations

import os
import re
import secrets
import stat

from forerun.resolver.ownership import is_trustworthy
from forerun.runner.opening import CLOSED_ON_EXEC, FOLLOW_NO_LINK, WAIT_FOR_NOBODY
from forerun.runner.store import open_store

from .errors import ServerError

SHORTEST = 16
"""Characters; less can be guessed."""
LARGEST_FILE = 4096

FORM = re.compile(r"[A-Za-z0-9._~+/-]+=*")


def token_for(given: str, file: str) -> tuple[str, str]:
    """Return the token, and the file that holds it ("" where it came from the environment).

    A given token is used as it is; else that of the file, which is made with a new token if it does not exist.

    Raises:
        ServerError: a token that is no token, or a file that others can read.
        StoreError: there is no place for a file of ours.
    """
    if given:
        return _checked(given, "FORERUN_TOKEN"), ""
    path = os.path.abspath(file) if file else os.path.join(open_store().folder, "http-token")
    try:
        return _checked(_read(path), path), path
    except FileNotFoundError:
        return _made(path), path
    except OSError as error:
        raise ServerError(f"the token file {path} cannot be read: {error.strerror}") from error


def _read(path: str) -> str:
    descriptor = os.open(path, os.O_RDONLY | CLOSED_ON_EXEC | WAIT_FOR_NOBODY)
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise ServerError(f"the token file {path} is not a regular file")
        if not is_trustworthy(status, forbidden=0o077):
            raise ServerError(f"the token file {path} must be yours and readable by nobody else (chmod 600)")
        return file.read(LARGEST_FILE).decode("utf-8", "replace").strip()


def _checked(token: str, where: str) -> str:
    if len(token) < SHORTEST or not FORM.fullmatch(token):
        raise ServerError(f"{where} holds no usable token: at least {SHORTEST} letters, digits and -._~+/")
    return token


def _made(path: str) -> str:
    token = secrets.token_urlsafe(32)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | FOLLOW_NO_LINK | CLOSED_ON_EXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(f"{token}\n")
    except OSError as error:
        raise ServerError(f"the token file {path} cannot be written: {error.strerror}") from error
    return token
