"""Arguments of `forerun run` -> the script, run as if `python FILE` had been called."""

from __future__ import annotations

import os
import sys

from forerun.resolver.settings import settings_for
from forerun.resolver.source import ARCHIVES, Source, from_code, from_file, from_stdin
from forerun.runner.execution import Attached
from forerun.runner.observer import Observer
from forerun.runner.request import Request
from forerun.runner.run import run_source
from forerun.runner.signals import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from forerun.resolver.trust import Verdict
    from forerun.runner.environment import Environment
    from forerun.runner.question import Question
    from forerun.runner.result import RunResult

    from .progress import TerminalProgress


def run_script(arguments: Sequence[str], environment: Environment | None) -> int:
    """Run a script and return its exit code, or our own; `environment` is one that was made for it in advance.

    Raises:
        ResolverError: bad input.
        RunnerError: forerun cannot do its part.
    """
    source, request = parse(arguments)
    result = _run_archive(request) if _is_archive(request.program) else _run(source, request, environment)
    _say_what_happened(result)
    if result.status == "run-error" and result.signal:
        _end_as_the_script_did(result.signal)
    return result.exit_code


def _run_archive(request: Request) -> RunResult:
    from .archive import unpacked

    with unpacked(request.program) as source:
        return _run(source, request)


def _run(source: Source, request: Request, environment: Environment | None = None) -> RunResult:
    request = _with_settings(request, source).replace(consent=_consent)
    observer = _observer()
    try:
        return run_source(source, request, Attached(), observer, environment=environment)
    finally:
        if observer is not None:
            observer.close()


def parse(arguments: Sequence[str]) -> tuple[Source, Request]:
    """Read the arguments; the plain form, a script and its arguments, is read by hand, since argparse is dear."""
    if arguments and not arguments[0].startswith("-"):
        source, program = _from_path(arguments[0])
        return source, Request(tuple(arguments[1:]), program=program)
    from .run_options import parse_options

    given = parse_options(arguments)
    rest, program = tuple(given.rest), ""
    if given.code is not None:
        source, program = from_code(given.code, beside=os.getcwd()), "-c"
    elif given.module is not None:
        from .module import source_of_module

        source = source_of_module(given.module, os.getcwd())
    elif not rest:
        from forerun.resolver.errors import ResolverError

        raise ResolverError("name a script to run, or give code with -c; see forerun run --help")
    else:
        shown, path = rest[0], _real_path(rest[0], given.request)
        source, program = (from_stdin(os.getcwd()), path) if path == "-" else _from_path(path)
        given.request = given.request.replace(shown_path=shown if shown != path else "")
        rest = rest[1:]
    return source, given.request.replace(arguments=rest, program=program)


def _real_path(path: str, request: Request) -> str:
    """Return where a script is that is named by its path under the mount."""
    if not request.mounts:
        return path
    from forerun.runner.mount import to_real

    return to_real(path, request.mounts[0])


def _with_settings(request: Request, source: Source) -> Request:
    """Let the script's project speak (`[tool.forerun]`) where the command line does not."""
    settings = settings_for(source.project or source.folder or os.getcwd())
    if not settings.path:
        return request
    return request.replace(
        policy=settings.under(request.policy, is_trust_given=request.is_trust_given),
        import_map=(*settings.import_map, *request.import_map),
    )


def _from_path(path: str) -> tuple[Source, str]:
    """Read what Python runs by a path, and return what stands for it: "" for a script, which stands for itself.

    A script that comes through a pipe (`forerun run <(...)`) cannot be read again, and is run as code. An archive is
    read when it is run, since what is in it lies unpacked meanwhile.
    """
    if _is_archive(path):
        return Source("", path), path
    main = os.path.join(path, "__main__.py")
    if os.path.isfile(main):
        return from_file(main), path
    if os.path.isdir(path):
        from forerun.resolver.errors import SourceError

        raise SourceError(path, "is a folder without a __main__.py; name a file in it")
    source = from_file(path)
    if not os.path.isfile(path):
        return source.replace(path="", kind="stdin", beside=os.getcwd()), path
    return source, "" if source.kind == "script" else path


def _is_archive(path: str) -> bool:
    return path.endswith(ARCHIVES) and not os.path.isdir(path)


def _consent(questions: tuple[Question, ...]) -> frozenset[str]:
    from .consent import consent

    return consent(questions)


def _observer() -> TerminalProgress | PlainProgress | None:
    if sys.stderr is None:
        return None
    if not sys.stderr.isatty():
        return PlainProgress()
    from .progress import TerminalProgress

    return TerminalProgress()


class PlainProgress(Observer):
    """Announces a rerun where stderr is no terminal, and nothing else."""

    def retrying(self, missing: str, distributions: Sequence[str]) -> None:
        """Announce it before it begins, since what the script did before happens twice."""
        sys.stderr.write(f"forerun: {missing} is missing; running again with {', '.join(distributions)}\n")
        sys.stderr.flush()

    def close(self) -> None:
        """There is nothing to take away."""


def _say_what_happened(result: RunResult) -> None:
    """Write to stderr what the script itself cannot say: a traceback held back for a rerun, notes, our own reasons."""
    if sys.stderr is None:
        return
    if result.status == "run-error" and result.error:
        sys.stderr.write(result.error)
    for sentence in (*result.notes, *_reasons(result), *result.advice):
        sys.stderr.write(f"forerun: {sentence}\n")


def _reasons(result: RunResult) -> list[str]:
    if result.status == "refused":
        return _refusals(result.verdicts)
    return [result.error] if result.status in ("install-error", "timeout") else []


def _refusals(verdicts: Sequence[Verdict]) -> list[str]:
    """Return a sentence for each name, and the next step: once for all of them, to be copied as it stands."""
    if len(verdicts) == 1:
        return [f"not run: {verdicts[0]}"]
    options = " ".join(f"--allow {each.name}" for each in verdicts if each.next_step)
    step = [f"if you know them, allow them with {options}"] if options else []
    return [*(f"not run: {each.reason}" for each in verdicts), *step]


def _end_as_the_script_did(number: int) -> None:
    """Die of the signal that the script died of, so that our caller sees what it would have seen."""
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if number not in (signal.SIGKILL, signal.SIGSTOP):
        signal.signal(number, signal.SIG_DFL)
    if sys.stdout is not None:
        sys.stdout.flush()
    os.kill(os.getpid(), number)
