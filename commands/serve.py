"""`forerun stdio`, `streamable-http` and `sse` serve MCP tools; `forerun warmup` checks that they work."""

from __future__ import annotations

import logging
import os
import sys
from contextlib import contextmanager

from forerun.resolver.names import printable
from forerun.runner.errors import MountError, RunnerError
from forerun.runner.signals import heed_children
from forerun.server.errors import ServerError

from .serve_options import Serving, parse
from .stray_variables import stray_variables

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

BAD_USE = 2
CANNOT_SERVE = 3


def main(transport: str, arguments: Sequence[str]) -> int:
    """Serve, or warm up, and return the exit code.

    Raises:
        ResolverError: `[tool.forerun]` makes no sense.
    """
    heed_children()
    try:
        serving = parse(transport, arguments)
        return _warm_up(serving) if transport == "warmup" else _serve(serving)
    except (MountError, ServerError) as error:
        return _failed(error, BAD_USE)
    except RunnerError as error:
        return _failed(error, CANNOT_SERVE)


def _serve(serving: Serving) -> int:
    with _stdout_diverted():
        from forerun.server.logs import log_to_stderr
        from forerun.server.serving import serve_http, serve_stdio
    log_to_stderr(serving.settings)
    for sentence in stray_variables(os.environ):
        logging.getLogger("forerun.settings").warning("%s", sentence)
    if serving.listening is not None:
        return serve_http(serving.settings, serving.listening)
    return serve_stdio(serving.settings)


def _warm_up(serving: Serving) -> int:
    from forerun.server.warmup import warm_up

    return warm_up(serving.settings, sys.stdout)


@contextmanager
def _stdout_diverted() -> Iterator[None]:
    """Send to stderr what anything prints while it is imported: on stdout it would break the protocol."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)


def _failed(error: Exception, code: int) -> int:
    sys.stderr.write(f"forerun: {printable(str(error))}\n")
    return code
