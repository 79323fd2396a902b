"""The rarer outputs of `forerun resolve`: blocks, checks, prechecks and versions."""

from __future__ import annotations

import json
import os
import sys

from forerun.resolver import report
from forerun.resolver.check import as_github, as_sarif, check
from forerun.resolver.errors import ResolverError, SourceError
from forerun.resolver.precheck import prechecked
from forerun.resolver.project import Declarations, project_declarations
from forerun.resolver.script_block import block_text, with_added
from forerun.resolver.trust import judge

from .resolve import Options, folder_of, resolve_paths, write
from .rewriting import rewrite

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from forerun.resolver.findings import Requirement, Resolution
    from forerun.resolver.trust import Policy


def _allowed(resolution: Resolution, rules: Policy) -> list[Requirement]:
    """Return the requirements that may be installed, and name the others on stderr."""
    verdicts = [(each, judge(each, rules)) for each in resolution.requirements]
    write(sys.stderr, [f"left out: {verdict}" for _, verdict in verdicts if not verdict.is_allowed])
    return [each for each, verdict in verdicts if verdict.is_allowed]


def _print_block(options: Options, rules: Policy) -> int:
    resolution = resolve_paths(options)
    texts = [each.text for each in _allowed(resolution, rules)]
    write(sys.stdout, block_text(texts, resolution.requires_python).splitlines())
    write(sys.stderr, report.problem_lines(resolution))
    return 0


def _print_pyproject(options: Options, rules: Policy) -> int:
    resolution = resolve_paths(options)
    texts = [each.text for each in _allowed(resolution, rules)]
    write(sys.stdout, ["[project]", "dependencies = [", *(f"    {json.dumps(text)}," for text in texts), "]"])
    write(sys.stderr, report.problem_lines(resolution))
    return 0


def _write_blocks(options: Options, rules: Policy) -> int:
    for path in options.paths:
        if path == "-" or not path.endswith((".py", ".pyw")) or not os.path.isfile(path):
            raise ResolverError(f"{path}: --write takes Python scripts only")
        _write_block(path, options.replace(paths=(path,)), rules)
    return 0


def _write_block(path: str, options: Options, rules: Policy) -> None:
    """Put what a script needs into its block; what the block has already stays as it is."""
    before = _bytes(path)
    _refuse_bad_block(path, before)
    declared = resolve_paths(options)
    bad = [each for each in declared.unresolved if each.kind == "refused"]
    if declared.is_declared and bad:
        raise ResolverError(f"{report.unresolved_line(bad[0])}; correct that first")
    predicted = resolve_paths(options, reads_blocks=False)
    names = {each.name for each in declared.requirements} if declared.is_declared else set()
    added = [each.text for each in _allowed(predicted, rules) if each.name not in names]
    write(sys.stderr, report.problem_lines(predicted))
    if not added:
        return
    try:
        after = with_added(before, added)
    except ValueError as error:
        raise SourceError(path, str(error)) from error
    rewrite(path, before, after)
    write(sys.stderr, [f"{path}: {len(added)} added to its script block"])


def _bytes(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise SourceError(path, f"cannot be read ({error.strerror})") from error


def _refuse_bad_block(path: str, data: bytes) -> None:
    """Refuse to add to a block that cannot be read, since something in it might get lost.

    Raises:
        ResolverError: it cannot.
    """
    from forerun.resolver.inline_metadata import inline_metadata

    block = inline_metadata(data.decode("latin-1").removeprefix("\xef\xbb\xbf"))
    if block is not None and block.problem:
        raise ResolverError(f"{path}:{block.line}: {block.problem}")


def _check(options: Options, _rules: Policy) -> int:
    if "-" in options.paths:
        raise ResolverError("--check takes files and folders, whose project it looks for")
    resolution = resolve_paths(options, reads_blocks=False)
    declared = _declarations(options)
    is_whole = not declared.files or any(_holds_all(path, declared.files) for path in options.paths)
    findings = check(resolution, declared, is_whole=is_whole)
    if options.check_format == "sarif":
        from forerun import __version__

        sys.stdout.write(json.dumps(as_sarif(findings, __version__), indent=2) + "\n")
    else:
        write(sys.stdout, as_github(findings) if options.check_format == "github" else map(str, findings))
    if options.check_format == "text":
        write(sys.stderr, report.problem_lines(resolution))
    return 1 if findings else 0


def _holds_all(path: str, files: Iterable[str]) -> bool:
    """Whether a folder has all of some files in it or below it: then its scripts are all that they are about."""
    folder = os.path.realpath(path)
    above = os.path.join(folder, "")
    return os.path.isdir(folder) and all(os.path.realpath(each).startswith(above) for each in files)


def _declarations(options: Options) -> Declarations:
    """Return what a script's own block declares, or else the project that it belongs to."""
    declared = resolve_paths(options)
    if declared.is_declared:
        return Declarations(declared.requirements)
    found = project_declarations(folder_of(options.paths[0]))
    if not found.files:
        raise ResolverError("nothing to check against: no pyproject.toml, setup.cfg, requirements.txt or script block")
    write(sys.stderr, map(str, found.problems))
    return found


def _precheck(options: Options, rules: Policy) -> int:
    judged = prechecked(resolve_paths(options), rules)
    write(sys.stdout, judged.problems or ("would run",))
    return 0 if judged.would_run else 1


def _pin(options: Options, rules: Policy) -> int:
    resolution = resolve_paths(options)
    lock = _locked(resolution, options, rules)
    names = {each.name for each in resolution.requirements if judge(each, rules).is_allowed}
    locked = [line.split()[0].rstrip("\\") for line in lock.splitlines() if line[:1].isalnum()]
    write(sys.stdout, [line for line in locked if line.partition("==")[0].partition("[")[0] in names])
    return 0


def _lock(options: Options, rules: Policy) -> int:
    lock = _locked(resolve_paths(options), options, rules)
    write(sys.stdout, [line for line in lock.splitlines() if not line.startswith("# forerun")])
    return 0


def _locked(resolution: Resolution, options: Options, rules: Policy) -> str:
    """Return the lock of what may be installed, and say on stderr what there is to say."""
    from forerun.runner.library import lock
    from forerun.runner.lock_form import notes_of

    write(sys.stderr, report.problem_lines(resolution))
    allowed = _allowed(resolution, rules)
    made = lock(allowed, options.python, rules, resolution.uv_settings) if allowed else ""
    write(sys.stderr, notes_of(made))
    return made


OUTPUTS: dict[str, Callable[[Options, Policy], int]] = {
    "pep723": _print_block,
    "pyproject": _print_pyproject,
    "write": _write_blocks,
    "check": _check,
    "precheck": _precheck,
    "pin": _pin,
    "lock": _lock,
}
