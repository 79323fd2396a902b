"""The runner's part of the public API: source and options -> `RunResult`, at once or awaited."""

from __future__ import annotations

import contextlib
import json
import time

from forerun.resolver.library import as_source
from forerun.resolver.own_map import check_map
from forerun.resolver.source import Source
from forerun.resolver.trust import TRUST_CHOICES, policy

from .captured import Captured
from .errors import RunnerError
from .interpreter import this_interpreter
from .limits import Limits
from .listing import written_files
from .process import Cancellation
from .request import Request
from .run import run_source

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any, Literal

    from forerun.resolver.findings import Requirement
    from forerun.resolver.trust import Policy, TrustLevel

    from .execution import Executor
    from .observer import Observer
    from .result import RunResult


def run(
    source: str | os.PathLike[str] | Source,
    arguments: Iterable[str] = (),
    *,
    dependencies: Iterable[str] = (),
    preinstalled: Iterable[str] = (),
    stdin: str | bytes = b"",
    variables: Mapping[str, Any] | None = None,
    timeout: float | None = None,
    trust: TrustLevel = "popular",
    allow: Iterable[str] = (),
    deny: Iterable[str] = (),
    no_build: bool = False,
    allow_build: Iterable[str] = (),
    exclude_newer: str = "",
    import_map: Mapping[str, str] | None = None,
    max_retries: int = 5,
    folder: str | os.PathLike[str] = "",
    mount: tuple[str, str | os.PathLike[str]] | None = None,
    shown_path: str = "",
    python: str = "",
    environment: Mapping[str, str] | None = None,
    isolation: Literal["shared", "copy"] = "shared",
    protects_store: bool = False,
    no_network: bool = False,
    sandbox: bool = False,
    limits: Limits | None = None,
    observer: Observer | None = None,
    cancellation: Cancellation | None = None,
    executor: Executor | None = None,
) -> RunResult:
    """Install what a script needs into a fresh environment, run it there, and return what happened.

    Args:
        source: A path (`pathlib.Path`, or a string such as `"job.py"`), code, or a Source.
        arguments: The script's `sys.argv[1:]`.
        dependencies: Further requirements (PEP 508), ranked by the author of the source.
        preinstalled: Further requirements that the operator vouches for.
        stdin: What the script reads from standard input.
        variables: Globals that a code string finds; values that JSON can hold.
        timeout: Seconds after which the script and everything it started is ended.
        trust: The least trusted level to install: declared, curated, popular, registered or any.
        allow: Distributions to install whatever their level.
        deny: Distributions never to install.
        no_build: Build no source distribution, except those of `allow_build`.
        allow_build: Distributions that may be built although nobody vouches for them.
        exclude_newer: Take no release that was uploaded after this date or time (RFC 3339).
        import_map: Your own import names and the requirements that provide them, before all tables.
        max_retries: Reruns at most, when a module is found missing at run time.
        folder: The script's working folder; by default the current one.
        mount: A virtual absolute path and the folder that the script sees there.
        shown_path: The path by which the script is started where the mount shows it under another one.
        python: The interpreter, as a version (`"3.9"`) or a path; by default ours, or one that the script needs.
        environment: Environment variables instead of ours.
        isolation: "copy" gives the run its own copy of every installed file.
        protects_store: Keep the script from changing what is installed for later runs, as the server does.
        no_network: Keep it from the network, or do not run it.
        sandbox: Show it nothing but its mount and what Python needs, or do not run it.
        limits: Memory, sizes of files, open files and processes that it may have.
        observer: Told of each stage.
        cancellation: Ends the run when its `cancel` is called.
        executor: What starts the script; by default a supervisor of its own, which captures the output.

    Raises:
        ResolverError: the source cannot be read, or the import map has an unusable entry.
        RunnerError: forerun itself cannot do its part, or an argument makes no sense.
    """
    _check_choices(trust, timeout, variables)
    check_map(import_map or {})
    rules = policy(trust, allow, deny, no_build=no_build, allow_build=allow_build, exclude_newer=exclude_newer)
    request = _request(
        arguments, dependencies, stdin, variables, timeout, rules, max_retries, folder, mount, environment
    ).replace(
        preinstalled=tuple(preinstalled),
        import_map=tuple((import_map or {}).items()),
        shown_path=shown_path,
        python=python,
        isolation=isolation,
        protects_store=protects_store,
        no_network=no_network,
        is_sandboxed=sandbox,
        limits=limits or Limits(),
    )
    began = time.time_ns()
    result = run_source(as_source(source), request, executor or Captured(), observer, cancellation)
    return result.replace(files=written_files(request.mounts[0], began)) if request.mounts else result


async def run_async(
    source: str | os.PathLike[str] | Source, arguments: Iterable[str] = (), **options: Any
) -> RunResult:
    """Do what `run` does, without blocking the event loop; cancelling it ends the run and everything it started.

    Raises:
        ResolverError: the source cannot be read.
        RunnerError: forerun itself cannot do its part, or an argument makes no sense.
    """
    import asyncio

    cancellation = options["cancellation"] = options.get("cancellation") or Cancellation()
    task = asyncio.ensure_future(asyncio.to_thread(run, source, arguments, **options))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        cancellation.cancel()
        # Some event loops cancel again and again: the run has ended only when its thread has.
        while not task.done():
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait([task])
        raise


def lock(
    requirements: Sequence[Requirement], python: str | None = None, rules: Policy | None = None, settings: str = ""
) -> str:
    """Look versions up, and return everything that requirements lead to, with hashes, in requirements.txt form.

    `settings` is the `[tool.uv]` table of a script block, as TOML, or "".

    Raises:
        RunnerError: there is no installer, or nothing satisfies the requirements.
    """
    import tempfile

    from .find_installer import find_installer
    from .lock_request import lock_request

    with tempfile.TemporaryDirectory() as folder:
        wanted = lock_request(requirements, rules or policy(), settings)
        return find_installer().lock(wanted, python or this_interpreter().path, folder, is_for_people=True)


def _check_choices(trust: str, timeout: float | None, variables: Mapping[str, Any] | None) -> None:
    try:
        json.dumps(variables)
    except (TypeError, ValueError, RecursionError) as error:
        raise RunnerError(f"variables must be values that JSON can hold: {error}") from error
    if trust not in TRUST_CHOICES:
        raise RunnerError(f"trust must be one of {', '.join(TRUST_CHOICES)}, not {trust!r}")
    if timeout is not None and not timeout > 0:
        raise RunnerError(f"timeout must be a number of seconds above 0, not {timeout!r}")


def _request(
    arguments: Iterable[str],
    dependencies: Iterable[str],
    stdin: str | bytes,
    variables: Mapping[str, Any] | None,
    timeout: float | None,
    rules: Policy,
    max_retries: int,
    folder: str | os.PathLike[str],
    mount: tuple[str, str | os.PathLike[str]] | None,
    environment: Mapping[str, str] | None,
) -> Request:
    import os

    from .mount import checked_mount

    return Request(
        tuple(arguments),
        tuple(dependencies),
        policy=rules,
        deadline=timeout,
        max_retries=max_retries,
        stdin=stdin.encode("utf-8", "surrogatepass") if isinstance(stdin, str) else stdin,
        folder=os.fspath(folder),
        mounts=(checked_mount(mount[0], os.fspath(mount[1])),) if mount else (),
        environment=environment,
        variables=variables,
    )
