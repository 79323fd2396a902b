"""What is kept of two streams: head and tail, in order, with a mark for what is missing of each."""

from __future__ import annotations

from pathlib import Path

import pytest

from forerun.runner.capture import Capture, Output, load

OUT, ERR = 1, 2


def kept(path: Path, *chunks: tuple[int, bytes], head: int = 4, tail: int = 4) -> Output:
    capture = Capture(head, tail)
    for stream, data in chunks:
        capture.add(stream, data)
    capture.save(str(path / "output"))
    return load((path / "output").read_bytes())


def mark(count: int) -> str:
    return f"\n[... {count} bytes left out ...]\n"


@pytest.mark.parametrize(
    ("chunks", "expected"),
    [
        pytest.param([], Output(), id="nothing"),
        pytest.param([(OUT, b"ab"), (OUT, b"c")], Output("abc", "", "abc"), id="one stream"),
        pytest.param([(ERR, b"ab")], Output("", "ab", "ab"), id="the other"),
        pytest.param([(OUT, b"a"), (ERR, b"b"), (OUT, b"c")], Output("ac", "b", "abc"), id="both in order"),
        pytest.param(
            [(OUT, b"abcd"), (OUT, b"1234"), (OUT, b"5678"), (OUT, b"9")],
            Output(f"abcd{mark(4)}56789", "", f"abcd{mark(4)}56789", 4),
            id="cut",
        ),
        pytest.param(
            [(OUT, b"abcd"), (ERR, b"1234"), (OUT, b"5678"), (OUT, b"wxyz")],
            Output(f"abcd{mark(4)}wxyz", mark(4), f"abcd{mark(8)}wxyz", 8),
            id="cut in both, all of one",
        ),
        pytest.param([(OUT, b"\xff\xc3"), (OUT, b"\xa4")], Output("\ufffd\xe4", "", "\ufffd\xe4"), id="any bytes"),
    ],
)
def test_what_is_kept(chunks: list[tuple[int, bytes]], expected: Output, tmp_path: Path) -> None:
    assert kept(tmp_path, *chunks) == expected


def test_one_stream_takes_its_room_once(tmp_path: Path) -> None:
    found = kept(tmp_path, (OUT, b"ab"), (OUT, b"c"))
    assert found.stdout is found.both
