"""One function over many items -> its answers in their order, worked out by forked copies of this process.

A copy shares what is loaded already and writes its answers into a pipe, in turn, so that nothing waits in memory. It
ends as soon as nobody reads them any more. What a copy that was killed has not answered is worked out here.
"""

from __future__ import annotations

import gc
import os
import pickle
import signal
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from typing import BinaryIO, TypeVar

PIPE_SIZE = 1 << 20
"""Bytes that a pipe may hold where the system lets us ask for it: answers for whoever is late."""
F_SETPIPE_SZ = 1031
LENGTH = 8

NEW_OBJECTS = 50_000
"""Objects that a copy makes before cycles are looked for: a syntax tree has many, and none."""

MOST_COPIES = 8

Item = TypeVar("Item")
Answer = TypeVar("Answer")


def in_forks(work: Callable[[Item], Answer], items: Sequence[Item], copies: int) -> Generator[Answer]:
    """Yield `work(item)` for each item, in order; `copies` processes share the work, at most eight.

    `work` may not raise, and its answers must be picklable. Call it while this process has one thread.
    """
    count = max(1, min(copies, MOST_COPIES, len(items)))
    running: list[tuple[int, BinaryIO]] = []
    # What is there already stays shared, since no collection writes to it.
    gc.freeze()
    try:
        for index in range(count):
            running.append(_forked(work, items[index::count], [pipe for _, pipe in running]))
        for index, item in enumerate(items):
            yield _next(running[index % count][1], work, item)
    finally:
        _end(running)
        gc.unfreeze()


def available_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _forked(work: Callable[[Item], Answer], items: Sequence[Item], others: Sequence[BinaryIO]) -> tuple[int, BinaryIO]:
    """Start a copy that answers some items; it holds no reading end, so that a pipe breaks with its reader."""
    reading, writing = os.pipe()
    _enlarge(writing)
    process = os.fork()
    if process:
        os.close(writing)
        return process, os.fdopen(reading, "rb")
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        gc.set_threshold(NEW_OBJECTS, *gc.get_threshold()[1:])
        os.close(reading)
        for pipe in others:
            pipe.close()
        with os.fdopen(writing, "wb") as answers:
            for item in items:
                _write(answers, work(item))
    finally:
        # Not sys.exit: this copy may not run what the caller registered for its own end.
        os._exit(0)


def _enlarge(pipe: int) -> None:
    with suppress(ImportError, OSError):
        from fcntl import fcntl

        fcntl(pipe, F_SETPIPE_SZ, PIPE_SIZE)


def _write(answers: BinaryIO, answer: object) -> None:
    data = pickle.dumps(answer, pickle.HIGHEST_PROTOCOL)
    answers.write(len(data).to_bytes(LENGTH, "little") + data)


def _next(pipe: BinaryIO, work: Callable[[Item], Answer], item: Item) -> Answer:
    """Read the next answer; where its copy ended early, work it out here."""
    length = int.from_bytes(pipe.read(LENGTH), "little")
    data = pipe.read(length) if length else b""
    if not length or len(data) < length:
        return work(item)
    answer: Answer = pickle.loads(data)
    return answer


def _end(running: Sequence[tuple[int, BinaryIO]]) -> None:
    for process, pipe in running:
        pipe.close()
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(process, 0)
