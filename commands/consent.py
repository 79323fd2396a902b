"""Names that nobody vouches for -> the person's answer, where there is a terminal to ask it on, or an earlier one."""

from __future__ import annotations

import os
import sys

from forerun.resolver.errors import ResolverError
from forerun.resolver.names import printable

from .answers import allow_always, allowed_always

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from forerun.runner.question import Question

MOST_NAMES = 30
"""More are refused without a question: nobody would read it."""

MOST_TRIES = 3
LONGEST_ANSWER = 200
ANSWERS = {"t": "this run", "this": "this run", "this run": "this run", "a": "always", "always": "always",
           "n": "no", "no": "no", "": "no"}  # fmt: skip


def consent(questions: tuple[Question, ...]) -> frozenset[str]:
    """Return the names that the person allows: by an earlier "always", or by an answer now, for all at once.

    Raises:
        ResolverError: the earlier answers cannot be read.
    """
    allowed = allowed_always() & {each.name for each in questions}
    left = [each for each in questions if each.name not in allowed]
    if not left or len(left) > MOST_NAMES or not _is_terminal():
        return allowed
    try:
        answer = _asked(left)
    except (KeyboardInterrupt, OSError):
        _write("\n")
        answer = "no"
    names = frozenset(each.name for each in left) if answer != "no" else frozenset()
    if answer == "always":
        _remember(names)
    return allowed | names


def _is_terminal() -> bool:
    streams = (sys.stdin, sys.stderr)
    return all(each is not None and each.isatty() for each in streams)


def _asked(questions: Sequence[Question]) -> str:
    _write("\n".join(_lines(questions)) + "\n")
    _forget_what_was_typed()
    for _ in range(MOST_TRIES):
        _write("Install for [t]his run, [a]lways, or [n]ot at all? ")
        line = _line()
        if not line.endswith("\n"):
            _write("\n")
            return "no"
        answer = ANSWERS.get(line.strip().lower())
        if answer:
            return answer
    return "no"


def _lines(questions: Sequence[Question]) -> list[str]:
    """Return the question's text: ours, and names whose every character can be seen."""
    lines = ["forerun: the script needs what nobody vouches for, and installed code runs with your rights:"]
    for each in questions:
        place = f" (line {each.line} of {os.path.basename(each.path)})" if each.line else ""
        lines.append(f"  {each.reason}{place}")
    return [printable(line) for line in lines]


def _write(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()


def _forget_what_was_typed() -> None:
    """Drop what was typed before the question could be read, since it is no answer to it."""
    if sys.platform == "win32":
        import msvcrt

        while msvcrt.kbhit():
            msvcrt.getch()
        return
    import termios

    try:
        termios.tcflush(sys.stdin, termios.TCIFLUSH)
    except (termios.error, OSError):
        pass


def _line() -> str:
    """Read one line; by single bytes, since what is typed behind it belongs to the script."""
    typed = b""
    while not typed.endswith(b"\n") and len(typed) < LONGEST_ANSWER:
        byte = os.read(sys.stdin.fileno(), 1)
        if not byte:
            break
        typed += byte
    return typed.decode("utf-8", "replace")


def _remember(names: frozenset[str]) -> None:
    try:
        path = allow_always(names)
    except (ResolverError, OSError) as error:
        _write(printable(f"forerun: allowed for this run only, since it cannot be stored: {error}") + "\n")
    else:
        _write(printable(f"forerun: stored in {path}; take it back with: forerun allow --remove NAME") + "\n")
