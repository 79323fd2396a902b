"""The reader of Windows's pipes, on the pipes that there are: it asks how much waits, which POSIX answers, too."""

from __future__ import annotations

import functools
import os
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from forerun.runner.windows_pipes import PipeReader

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="test_on_windows.py has the real thing there")

Pipes = list[tuple[int, int]]


def waiting_in(descriptor: int) -> int:
    """Return what can be read from a pipe at once, -1 at its end (FIONREAD, and POLLHUP)."""
    import fcntl
    import select
    import termios

    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    waiting: int = struct.unpack("i", fcntl.ioctl(descriptor, termios.FIONREAD, b"\0" * 4))[0]
    is_over = any(event & select.POLLHUP for _, event in poll.poll(0))
    return -1 if is_over and not waiting else waiting


@pytest.fixture
def pipes() -> Iterator[Pipes]:
    """Two pipes, each to be read from and written to."""
    made = [os.pipe(), os.pipe()]
    yield made
    for each in (descriptor for pair in made for descriptor in pair):
        try:
            os.close(each)
        except OSError:
            continue


def reading(pipes: Pipes, take: Callable[[int, bytes], None]) -> PipeReader:
    return PipeReader({1: pipes[0][0], 2: pipes[1][0]}, take, waiting_in)


def until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.002)


def test_what_comes_through_both_is_taken_in_its_order(pipes: Pipes) -> None:
    taken: list[tuple[int, bytes]] = []
    reader = reading(pipes, lambda *each: taken.append(each))
    for count, (number, text) in enumerate(((1, b"a"), (2, b"b"), (1, b"c" * 50_000), (2, b"d")), 1):
        os.write(pipes[number - 1][1], text)
        until(functools.partial(lambda count: len(taken) >= count, count))
    for _, writer in pipes:
        os.close(writer)
    reader.finish(60)
    assert [number for number, _ in taken] == [1, 2, 1, 2]
    assert b"".join(text for number, text in taken if number == 1) == b"a" + b"c" * 50_000


def test_it_ends_with_the_pipes_however_much_time_it_has(pipes: Pipes) -> None:
    reader = reading(pipes, lambda *_: None)
    for _, writer in pipes:
        os.close(writer)
    began = time.monotonic()
    reader.finish(600)
    assert time.monotonic() - began < 60


def test_once_it_has_finished_nothing_is_read_any_more(pipes: Pipes) -> None:
    """Though somebody may still write: a descriptor that is closed then may be that of something else."""
    taken: list[bytes] = []
    threads = threading.active_count()
    reader = reading(pipes, lambda _, text: taken.append(text))
    os.write(pipes[0][1], b"before")
    until(lambda: taken == [b"before"])
    reader.finish(0.01)
    assert threading.active_count() == threads
    for at in (0, 1):
        os.write(pipes[at][1], b"after")
        assert os.read(pipes[at][0], 100) == b"after"
    assert taken == [b"before"]


def test_it_is_waited_for_while_it_takes_something(pipes: Pipes) -> None:
    taken: list[bytes] = []
    begun, go = threading.Event(), threading.Event()

    def take_slowly(_: int, text: bytes) -> None:
        begun.set()
        go.wait()
        taken.append(text)

    reader = reading(pipes, take_slowly)
    os.write(pipes[1][1], b"slow")
    begun.wait()
    threading.Timer(0.2, go.set).start()
    reader.finish(0.01)
    assert taken == [b"slow"]
