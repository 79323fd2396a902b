"""What `forerun.run` returns for each way in which a script can end."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

import forerun
from forerun.runner.observer import Observer
from forerun.runner.process import Cancellation

SRC = Path(__file__).parents[2] / "src"


def value_of(code: str, **options: Any) -> Any:
    """Run code that succeeds and return its value: (repr, data, whether there is data), or None."""
    result = forerun.run(code, **options)
    assert isinstance(result, forerun.Succeeded), result.error
    return None if result.value is None else (result.value.repr, result.value.data, result.value.is_data)


VALUES = {
    "nothing": ("x = 1", None),
    "none": ("None", None),
    "empty": ("", None),
    "assignment at the end": ("1\nx = 2", None),
    "integer": ("x = 20\nx * 2 + 2", ("42", 42, True)),
    "text": ("'ä\\u2028'", ("'ä\\u2028'", "ä\u2028", True)),
    "lone surrogate": ("'\\ud800'", ("'\\ud800'", "\ud800", True)),
    "only a docstring": ("'''doc'''", ("'doc'", "doc", True)),
    "nested": ("[1, (2.5, None), {'a': True, 1: []}]", None),
    "keys that would fall together": ("{1: 'a', '1': 'b'}", ("{1: 'a', '1': 'b'}", None, False)),
    "not finite": ("float('nan')", ("nan", None, False)),
    "huge integer": ("1 << 4000", (repr(1 << 4000), None, False)),
    "unwritable integer": ("1 << 40000", ("<int object whose repr failed: ValueError>", None, False)),
    "set": ("{1}", ("{1}", None, False)),
    "itself inside": ("x = []\nx.append(x)\nx", ("[[...]]", None, False)),
    "top-level await": ("import asyncio\nawait asyncio.sleep(0)\nawait asyncio.sleep(0, 7)", ("7", 7, True)),
    "future import": ("from __future__ import annotations\ndef f(x: nowhere): ...\nf.__annotations__['x']",
                      ("'nowhere'", "nowhere", True)),
}  # fmt: skip


@pytest.mark.parametrize(("code", "expected"), VALUES.values(), ids=VALUES.keys())
def test_the_value_of_the_last_expression(code: str, expected: Any) -> None:
    if code.startswith("[1, (2.5"):
        expected = ("[1, (2.5, None), {'a': True, 1: []}]", [1, [2.5, None], {"a": True, "1": []}], True)
    assert value_of(code) == expected


def test_a_dataclass_is_data() -> None:
    code = "from dataclasses import dataclass\n@dataclass\nclass P:\n    x: int\n    y: tuple\nP(1, (2, 3))"
    assert value_of(code) == ("P(x=1, y=(2, 3))", {"x": 1, "y": [2, 3]}, True)


def test_a_failing_repr_is_no_failure_of_the_script() -> None:
    code = "class Odd:\n    def __repr__(self):\n        raise ValueError\nOdd()"
    assert value_of(code) == ("<Odd object whose repr failed: ValueError>", None, False)


@pytest.mark.parametrize("code", ["list(range(300_000))", "'x' * 20_000_000", "['x' * 200_000] * 100"])
def test_what_is_huge_comes_as_a_shortened_repr(code: str) -> None:
    text, _, is_data = value_of(code)
    assert len(text) < 110_000
    assert text.endswith("...")
    assert not is_data


@pytest.mark.network
def test_values_of_numpy_and_pandas() -> None:
    assert value_of("import numpy as np, pandas as pd\nnp.arange(4).reshape(2, 2)")[1:] == ([[0, 1], [2, 3]], True)
    assert value_of("import numpy as np, pandas as pd\nnp.float64(1.5)")[1] == 1.5
    frame = forerun.run("import numpy as np, pandas as pd\npd.DataFrame({'a': [1, 2], 'b': ['x', 'y']})")
    assert isinstance(frame, forerun.Succeeded)
    assert frame.value is not None
    assert frame.value.data == [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]
    assert {each.name for each in frame.dependencies} >= {"numpy", "pandas"}
    doubled = forerun.run("import numpy as np, pandas as pd\npd.DataFrame([[1, 2]], columns=['a', 'a'])")
    assert isinstance(doubled, forerun.Succeeded)
    assert doubled.stderr == ""
    assert doubled.value is not None
    assert not doubled.value.is_data


FAILURES = {
    "plain": ("1 / 0", "ZeroDivisionError: division by zero"),
    "nested functions": ("def f():\n    g()\ndef g():\n    raise KeyError('k')\nf()", "KeyError: 'k'"),
    "chained": ("try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    raise ValueError('v') from e", "ValueError: v"),
    "during another": ("try:\n    1 / 0\nexcept ZeroDivisionError:\n    {}['k']", "KeyError: 'k'"),
    "syntax": ("x = (1,\ny = = 2", "SyntaxError"),
    "indentation": ("if 1:\nx = 1", "IndentationError"),
    "in the last expression": ("x = 1\nint('no')", "ValueError"),
    "awaited": ("import asyncio\nasync def f():\n    raise OSError('o')\nawait f()", "OSError: o"),
    "group": ("raise ExceptionGroup('g', [ValueError('a'), TypeError('b')])", "TypeError: b"),
    "task group": ("import asyncio\nasync def f():\n    raise OSError('o')\nasync with asyncio.TaskGroup() as t:\n"
                   "    t.create_task(f())", "OSError: o"),
    "own hook shows nothing of ours": ("import sys\nraise RuntimeError('x')", "RuntimeError: x"),
    "recursion": ("def f():\n    f()\nf()", "RecursionError"),
}  # fmt: skip


@pytest.mark.parametrize(("code", "last"), FAILURES.values(), ids=FAILURES.keys())
def test_a_traceback_shows_the_script_and_nothing_of_ours(code: str, last: str) -> None:
    result = forerun.run(code)
    assert isinstance(result, forerun.ScriptFailed)
    assert result.exit_code == 1
    assert last in result.error
    assert 'File "main.py", line ' in result.error
    assert "forerun" not in result.error
    assert result.stderr == ""
    assert result.stdout == ""


def test_a_traceback_shows_the_lines_of_the_script() -> None:
    result = forerun.run("def f():\n    return 1 / 0\n\nf()")
    assert result.error.splitlines()[:5:2] == ["Traceback (most recent call last):", "    f()", "    return 1 / 0"] or (
        "    f()" in result.error.splitlines() and "    return 1 / 0" in result.error.splitlines()
    )


@pytest.mark.parametrize(
    ("argument", "code", "stderr"), [("3", 3, ""), ("'text'", 1, "text\n"), ("None", 0, ""), ("True", 1, "")]
)
def test_sys_exit(argument: str, code: int, stderr: str) -> None:
    result = forerun.run(f"import sys\nsys.exit({argument})")
    assert (result.status, result.exit_code) == ("run-error" if code else "success", code)
    assert (result.stderr, result.error) == (stderr, "")


def test_death_by_a_signal() -> None:
    result = forerun.run("import os, signal\nprint('x', flush=True)\nos.kill(os.getpid(), signal.SIGKILL)")
    assert isinstance(result, forerun.ScriptFailed)
    assert (result.signal, result.exit_code, result.stdout) == (9, 137, "x\n")


@pytest.mark.parametrize("ignored", ["", "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"])
def test_a_timeout_ends_the_script(ignored: str) -> None:
    result = forerun.run(f"{ignored}import time\nprint('begun', flush=True)\ntime.sleep(600)", timeout=3.5)
    assert isinstance(result, forerun.TimedOut)
    assert (result.exit_code, result.stdout) == (124, "begun\n")
    assert "3.5 seconds" in result.error


COUNTS_REQUESTS = """
import signal, time
asked = []
signal.signal(signal.SIGTERM, lambda *_: asked.append(1))
print("on", flush=True)
while not asked:
    time.sleep(0.01)
time.sleep(0.5)
print(f"asked {len(asked)} times", flush=True)
"""


@pytest.mark.parametrize("is_separate", [False, True], ids=["plain", "in namespaces"])
def test_a_script_is_asked_to_end_once(is_separate: bool) -> None:
    result = forerun.run(COUNTS_REQUESTS, timeout=2, protects_store=is_separate)
    assert (result.status, result.output) == ("timeout", "on\nasked 1 times\n")


class Starting(Observer):
    """Sets an event when the script is about to be started."""

    def __init__(self) -> None:
        self.is_starting = threading.Event()

    def starting(self, attempt: int) -> None:
        self.is_starting.set()


def wait_for(path: Path) -> None:
    """Wait until a script has written a file."""
    until = time.monotonic() + 120
    while not path.exists():
        assert time.monotonic() < until
        time.sleep(0.02)


ENDLESS = "import pathlib, time\npathlib.Path({!r}).touch()\nprint('begun', flush=True)\ntime.sleep(600)"


def test_cancel_while_the_script_runs(tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    cancellation = Cancellation()

    def cancel() -> None:
        wait_for(begun)
        cancellation.cancel()

    thread = threading.Thread(target=cancel)
    thread.start()
    result = forerun.run(ENDLESS.format(str(begun)), cancellation=cancellation)
    thread.join()
    assert isinstance(result, forerun.Cancelled)


def test_cancel_before_anything_starts() -> None:
    cancellation = Cancellation()
    cancellation.cancel()
    result = forerun.run("print(1)", cancellation=cancellation)
    assert isinstance(result, forerun.Cancelled)
    assert result.stdout == ""


def test_cancelling_the_task_ends_the_run(tmp_path: Path) -> None:
    begun, ended = tmp_path / "begun", tmp_path / "ended"
    code = (
        "import pathlib, signal, time\n"
        f"signal.signal(signal.SIGTERM, lambda *_: (pathlib.Path({str(ended)!r}).touch(), exit()))\n"
        f"pathlib.Path({str(begun)!r}).touch()\ntime.sleep(600)"
    )

    async def main() -> None:
        task = asyncio.create_task(forerun.run_async(code, cancellation=None))
        await asyncio.to_thread(wait_for, begun)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert ended.exists()


def test_run_async_returns_what_run_returns() -> None:
    result = asyncio.run(forerun.run_async("6 * 7"))
    assert isinstance(result, forerun.Succeeded)
    assert result.value is not None
    assert result.value.data == 42


def test_variables_of_every_json_kind() -> None:
    given = {"a": 1, "b": 2.5, "c": "ä\n", "d": None, "e": True, "f": [1, [2]], "g": {"h": {}}, "big": 2**80}
    assert value_of("[a, b, c, d, e, f, g, big]", variables=given)[1] == list(given.values())


def test_variables_that_json_cannot_hold_are_refused() -> None:
    with pytest.raises(forerun.RunnerError, match="variables"):
        forerun.run("x", variables={"x": object()})


def test_input_and_arguments() -> None:
    result = forerun.run("import sys\nprint(input(), sys.stdin.read(), sys.argv)", ["-x", "ä b"], stdin="one\ntwo ö")
    assert result.stdout == "one two ö ['main.py', '-x', 'ä b']\n"
    assert forerun.run("print(repr(__import__('sys').stdin.read()))").stdout == "''\n"


def test_the_environment_replaces_ours() -> None:
    code = "import os\nprint(os.environ['ONLY'], 'HOME' in os.environ, [n for n in os.environ if 'FORERUN' in n])"
    assert forerun.run(code, environment={"ONLY": "one"}).stdout == "one False []\n"


@pytest.mark.network
def test_dependencies_are_installed() -> None:
    code = "import importlib.metadata\nimportlib.metadata.version('six')"
    assert value_of(code, dependencies=["six==1.16.0"])[1] == "1.16.0"


def test_a_file_runs_in_place(tmp_path: Path) -> None:
    (tmp_path / "beside.py").write_text("word = 'found'\n")
    script = tmp_path / "job.py"
    script.write_text("import os, sys, beside\nprint(beside.word, __file__, sys.argv[0], os.getcwd())\n")
    folder = tmp_path / "folder"
    folder.mkdir()
    result = forerun.run(script, folder=folder)
    assert result.stdout == f"found {script} {script} {folder}\n", result.error


def test_a_relative_path_means_our_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "job.py").write_text("print('ran')\n")
    folder = tmp_path / "folder"
    folder.mkdir()
    monkeypatch.chdir(tmp_path)
    assert forerun.run("job.py", folder=folder).stdout == "ran\n"


INTERLEAVED = "import sys\nfor n in range(300):\n    print(n)\n    print(n, file=sys.stderr)\n"


def test_both_streams_keep_their_order(tmp_path: Path) -> None:
    script = tmp_path / "job.py"
    script.write_text(INTERLEAVED)
    for result in (forerun.run(INTERLEAVED), forerun.run(script)):
        assert result.output == "".join(f"{n}\n{n}\n" for n in range(300))
        assert result.stdout == result.stderr == "".join(f"{n}\n" for n in range(300))


def test_streams_are_what_scripts_expect() -> None:
    code = (
        "import sys\nfor s in (sys.stdout, sys.stderr):\n"
        "    print(s.name, s.mode, s.encoding, s.fileno(), s.isatty(), s.writable(), s.errors, s.buffer.raw.name)\n"
        "sys.stdout.buffer.write(b'bytes\\n')\nsys.stdout is sys.__stdout__"
    )
    result = forerun.run(code)
    assert isinstance(result, forerun.Succeeded), result.error
    assert result.stdout == (
        "<stdout> w utf-8 1 False True backslashreplace <stdout>\n"
        "<stderr> w utf-8 2 False True backslashreplace <stderr>\nbytes\n"
    )
    assert result.value is not None
    assert result.value.data is True


def test_a_closed_stream_holds_up_nothing() -> None:
    code = "import os, sys\nprint(1)\nos.close(2)\nprint(2)\nsys.stderr = None\nprint(3)"
    assert forerun.run(code).stdout == "1\n2\n3\n"


def test_odd_bytes_in_the_output() -> None:
    result = forerun.run(r"import sys; sys.stdout.buffer.write(b'a\xff\x00\r\nb\x1b[0m'); print('\ud800')")
    assert result.stdout.startswith("a\ufffd\x00\r\nb\x1b[0m")
    assert "\\ud800" in result.stdout


def test_a_script_cannot_hold_us_up_with_what_it_puts_into_our_folder() -> None:
    code = (
        "import os, sys\nfolder = os.path.dirname(__file__)\n"
        "for name in ('ending.json', 'output', 'answer.json', 'answer.json.part'):\n"
        "    os.mkfifo(folder + '/' + name)\n"
        "print('done', flush=True)\nos._exit(0)"
    )
    result = forerun.run(code, timeout=60)
    assert (result.status, result.stdout) == ("success", "done\n")


def test_a_fork_of_the_script_does_not_answer_for_it() -> None:
    code = (
        "import os\nif os.fork() == 0:\n    import nowhere_at_all\nos.wait()\n"
        "if os.fork() == 0:\n    result = 'child'\nelse:\n    os.wait()\n    result = 'parent'\nresult"
    )
    result = forerun.run(code)
    assert isinstance(result, forerun.Succeeded)
    assert len(result.attempts) == 1
    assert result.value is not None
    assert result.value.data == "parent"
    assert "No module named 'nowhere_at_all'" in result.stderr


FLOOD = """
import resource, sys
sys.path.insert(0, {src!r})
import forerun
forerun.run("print(1)")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
result = forerun.run("for n in range(100):\\n    print('x' * 1_000_000)\\nprint('end')")
assert isinstance(result, forerun.Succeeded), result
assert result.cut > 80_000_000, result.cut
assert result.stdout.startswith("xxx") and result.stdout.endswith("end\\n")
assert "bytes left out" in result.output
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_a_flood_of_output_costs_little() -> None:
    done = subprocess.run(
        [sys.executable, "-c", FLOOD.format(src=str(SRC))], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    # Head and tail are 10 MB, held as bytes and as text: far from the 100 MB that were written.
    assert int(done.stdout) < 90_000


@pytest.mark.network
@pytest.mark.slow
def test_open_figures_come_as_images() -> None:
    code = "import pandas\nimport matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.figure()\nplt.plot([3])\n'drawn'"
    result = forerun.run(code)
    assert isinstance(result, forerun.Succeeded), result.error
    assert [each[:8] for each in result.images] == [b"\x89PNG\r\n\x1a\n"] * 2


@pytest.mark.parametrize(("option", "value"), [("trust", "all"), ("timeout", 0), ("timeout", -1)])
def test_options_that_make_no_sense_are_refused(option: str, value: Any) -> None:
    with pytest.raises(forerun.RunnerError, match=option):
        forerun.run("1", **{option: value})


def test_a_source_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(forerun.ResolverError, match="no such file"):
        forerun.run(tmp_path / "missing.py")


def test_a_folder_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(forerun.RunnerError, match="cannot be run"):
        forerun.run("1", folder=tmp_path / "missing")
