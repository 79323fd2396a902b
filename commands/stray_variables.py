"""Environment variables -> a sentence for each that looks like a setting of ours and is none."""

from __future__ import annotations

from .serve_options import LISTENING, OPTIONS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

BEYOND_OPTIONS = frozenset(
    {
        "FORERUN_CACHE_DIR",
        "FORERUN_CACHE_MAX_SIZE",
        "FORERUN_CONFIG_DIR",
        "FORERUN_NO_CONTROL_GROUPS",
        "FORERUN_NO_NAMESPACES",
        "FORERUN_TOKEN",
    }
)
"""Variables that stand for no option of a server."""

LONGEST_NAME = 100


def stray_variables(names: Iterable[str]) -> list[str]:
    """Return a sentence for each variable whose name begins as ours do, and that nothing reads."""
    known = BEYOND_OPTIONS | {each.variable for each in (*OPTIONS, *LISTENING)}
    stray = sorted(name for name in names if name.startswith("FORERUN_") and name not in known)
    return [_sentence(name[:LONGEST_NAME], known) for name in stray]


def _sentence(name: str, known: Iterable[str]) -> str:
    import difflib

    near = difflib.get_close_matches(name, sorted(known), 1, 0.8)
    shown = "".join(letter if letter.isprintable() else "?" for letter in name)
    return f"the environment variable {shown} is no setting{f'; is {near[0]} meant?' if near else ''}"
