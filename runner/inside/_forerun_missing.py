"""Inside the script's interpreter: an ImportError -> the module that the script lacked, if that is what it says.

Standard library only, Python 3.8 and later; imported only once such an error has ended the script.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType

NOT_BY_IMPORT = ("RAISE_VARARGS", "RERAISE")


def missing_module(error: ImportError) -> tuple[str, bool]:
    """Return what the script lacked and nobody had dealt with, or "", and whether only a message names it.

    That is an uncaught ModuleNotFoundError which an import raised and not a `raise`, or an ImportError of a library
    (not of the script itself) that was raised because of one, or whose message names what the library can do without.
    """
    if isinstance(error, ModuleNotFoundError):
        return (error.name or "") if _raised_by_import(error) else "", False
    if not _raised_in_library(error):
        return "", False
    cause = error.__cause__ or error.__context__
    if isinstance(cause, ModuleNotFoundError) and _raised_by_import(cause):
        return cause.name or "", False
    return "" if _raised_by_import(error) else _named_in(str(error)), True


def _named_in(message: str) -> str:
    from _forerun_messages import named_in  # type: ignore[import-not-found]

    return str(named_in(message))


def _last(trace: TracebackType | None) -> TracebackType | None:
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace


def _raised_by_import(error: BaseException) -> bool:
    """Whether the instruction that raised was an import (or a call of one), and no raise statement."""
    import dis

    last = _last(error.__traceback__)
    if last is None:
        return False
    if last.tb_frame.f_code.co_filename.startswith("<frozen importlib"):
        return True
    code = last.tb_frame.f_code.co_code
    return dis.opname[code[last.tb_lasti]] not in NOT_BY_IMPORT if 0 <= last.tb_lasti < len(code) else False


def _raised_in_library(error: BaseException) -> bool:
    last = _last(error.__traceback__)
    return last is not None and "site-packages" in last.tb_frame.f_code.co_filename
