"""Signals of the console -> an iterator over them, where the event loop takes none (Windows)."""

from __future__ import annotations

import asyncio
import math
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

import anyio

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


@contextmanager
def open_signal_receiver(*numbers: signal.Signals) -> Iterator[AsyncIterator[int]]:
    """Yield an iterator over the signals that come, as `anyio.open_signal_receiver` does elsewhere."""
    loop = asyncio.get_running_loop()
    sender, receiver = anyio.create_memory_object_stream[int](math.inf)

    def tell(number: int, _frame: object) -> None:
        loop.call_soon_threadsafe(sender.send_nowait, number)

    before = {number: signal.signal(number, tell) for number in numbers}
    try:
        with sender, receiver:
            yield receiver
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
