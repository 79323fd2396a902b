"""`forerun FILE` behaves as `python FILE`: the same file under both, and everything that a caller sees compared."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

Forerun = Callable[..., "subprocess.CompletedProcess[str]"]
BASE = os.path.realpath(getattr(sys, "_base_executable", sys.executable))

SCRIPTS = {
    "names": "import sys\nprint(__name__, __file__, sys.argv, sys.path[0], __spec__, __package__, __doc__)",
    "streams": "import sys\nprint([(s.name, s.mode, s.encoding, s.errors, s.line_buffering, type(s.buffer).__name__, "
    "type(s).__name__) for s in (sys.stdin, sys.stdout, sys.stderr)], sys.stdin is sys.__stdin__)",
    "input": "import sys\nprint(repr(input('? ')), list(sys.stdin))",
    "flags": "import sys\nprint(sys.flags, sys.version_info, sys.warnoptions, sys.getrecursionlimit())",
    "threads": "import threading as t\nprint(len(t.enumerate()), t.current_thread() is t.main_thread())",
    "source": "import inspect\ndef f():\n    return 1\nprint(inspect.getsource(f), inspect.getfile(f))",
    "pickle": "import pickle\nclass C:\n    x = 1\nprint(pickle.dumps(C()), pickle.loads(pickle.dumps(C())).x)",
    "spawn": "import multiprocessing as m\ndef f(x):\n    return x * 2\nif __name__ == '__main__':\n"
    "    with m.get_context('spawn').Pool(1) as p:\n        print(p.map(f, [1, 2]))",
    "fork": "import multiprocessing as m\ndef f(x):\n    return x * 2\nif __name__ == '__main__':\n"
    "    with m.get_context('fork').Pool(1) as p:\n        print(p.map(f, [1, 2]))",
    "forkserver": "import multiprocessing as m\ndef f(x):\n    return x * 2\nif __name__ == '__main__':\n"
    "    with m.get_context('forkserver').Pool(1) as p:\n        print(p.map(f, [1, 2]))",
    "traceback": "def f():\n    return 1 / 0\n\nf()",
    "chained traceback": "try:\n    {}['a']\nexcept KeyError as e:\n    raise ValueError('b') from e",
    "group": "raise ExceptionGroup('g', [ValueError('a'), TypeError('b')])",
    "missing module": "import forerun_invented_name_zq.a",
    "missing module by hand": "raise ModuleNotFoundError('x', name='six')",
    "syntax error": "x = (1,\ny = = 2\n",
    "null byte": "x = 1\0\n",
    "not utf-8": "x = 'caf\udce9'\n",
    "coding line": "# -*- coding: latin-1 -*-\nprint(ascii('caf\udce9'))\n",
    "exit 3": "import sys\nsys.exit(3)",
    "exit with text": "import sys\nsys.exit('text')",
    "exit -1": "import sys\nsys.exit(-1)",
    "os exit": "import os\nos._exit(7)",
    "killed": "import os\nos.kill(os.getpid(), 9)",
    "interrupted": "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\nimport time\ntime.sleep(60)",
    "aborted": "import os, resource\nresource.setrlimit(resource.RLIMIT_CORE, (0, 0))\nos.abort()",
    "at exit": "import atexit\natexit.register(print, 'last')\nraise KeyError",
    "own hook": "import sys\nsys.excepthook = lambda *e: print('hooked', e[0].__name__)\nimport invented_name_zq",
    "failing thread": "import threading\nt = threading.Thread(target=lambda: 1 / 0, name='t')\nt.start()\nt.join()",
    "closed stdout": "import sys\nsys.stdout.close()\nsys.stderr.write('still')",
    "warning": "import warnings\nwarnings.warn('w')",
    "environment": "import os\nprint([n for n in os.environ if 'FORERUN' in n and n != 'FORERUN_CACHE_DIR'])",
    "children": "import subprocess, sys\n"
    "done = subprocess.run([sys.executable, '-c', 'print(__name__); 1/0'], capture_output=True, text=True)\n"
    "print(done.returncode, done.stdout, done.stderr)",
    "resources": "import resource, os\nprint(resource.getrlimit(resource.RLIMIT_CORE), os.getcwd(), os.umask(0))",
    "signals": "import signal\n"
    "others = [s for s in signal.valid_signals() if hasattr(s, 'name') and s.name != 'SIGINT']\n"
    "print([(s.name, signal.getsignal(s)) for s in others], signal.pthread_sigmask(signal.SIG_BLOCK, ()))",
    "descriptors": "import os\nprint(sorted(os.listdir('/proc/self/fd'))[:-1])",
}


def neutral(text: str) -> str:
    """Return text without what differs from one environment to another."""
    lines = (line for line in text.splitlines() if not line.startswith("forerun: "))
    return "\n".join(lines).replace(BASE, "python")


@pytest.mark.parametrize("code", SCRIPTS.values(), ids=SCRIPTS.keys())
def test_as_under_python_itself(code: str, run_forerun: Forerun, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(code, encoding="utf-8", errors="surrogateescape")
    for path in ("script.py", str(script)):
        ours = run_forerun(path, "-a", "b c", cwd=tmp_path, input="one\ntwo\n")
        theirs = subprocess.run(
            [BASE, path, "-a", "b c"], cwd=tmp_path, input="one\ntwo\n", capture_output=True, text=True, timeout=120
        )
        assert ours.returncode == theirs.returncode, ours.stderr
        assert ours.stdout == theirs.stdout
        assert neutral(ours.stderr) == neutral(theirs.stderr)


def test_nothing_on_stderr_when_there_is_nothing_to_say(run_forerun: Forerun, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("print('out')")
    done = run_forerun("a.py")
    assert (done.returncode, done.stdout, done.stderr) == (0, "out\n", "")


HANDLER = """
import os, signal, sys, time
seen = []
signal.signal(signal.{name}, lambda *_: seen.append(1))
open({begun!r}, "w").close()
until = time.monotonic() + 120
while not seen and time.monotonic() < until:
    time.sleep(0.02)
time.sleep(0.5)
print(len(seen))
"""


def wait_for(path: Path) -> None:
    until = time.monotonic() + 120
    while not path.exists():
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP", "SIGUSR1", "SIGQUIT"])
def test_a_signal_sent_to_us_reaches_the_script_once(
    name: str, forerun_command: list[str], tmp_path: Path, cache_dir: Path
) -> None:
    begun, script = tmp_path / "begun", tmp_path / "script.py"
    script.write_text(HANDLER.format(name=name, begun=str(begun)))
    process = subprocess.Popen([*forerun_command, str(script)], stdout=subprocess.PIPE, text=True)
    wait_for(begun)
    process.send_signal(getattr(signal, name))
    assert process.communicate(timeout=120)[0] == "1\n"
    assert process.returncode == 0


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_without_a_handler_we_die_of_the_signal_with_the_script(
    name: str, forerun_command: list[str], tmp_path: Path, cache_dir: Path
) -> None:
    begun, script = tmp_path / "begun", tmp_path / "script.py"
    script.write_text(f"import time\nopen({str(begun)!r}, 'w').close()\ntime.sleep(600)")
    process = subprocess.Popen([*forerun_command, str(script)], stderr=subprocess.PIPE, text=True)
    wait_for(begun)
    process.send_signal(getattr(signal, name))
    assert process.communicate(timeout=120)[1] == ""
    assert process.returncode == -getattr(signal, name)


def test_an_ignored_hangup_stays_ignored(forerun_command: list[str], tmp_path: Path, cache_dir: Path) -> None:
    begun, script = tmp_path / "begun", tmp_path / "script.py"
    script.write_text(
        "import signal, time\nprint(signal.getsignal(signal.SIGHUP) == signal.SIG_IGN, flush=True)\n"
        f"open({str(begun)!r}, 'w').close()\ntime.sleep(1)\nprint('survived')"
    )
    process = subprocess.Popen(
        ["/bin/sh", "-c", 'trap "" HUP; exec "$@"', "sh", *forerun_command, str(script)],
        stdout=subprocess.PIPE,
        text=True,
    )
    wait_for(begun)
    process.send_signal(signal.SIGHUP)
    assert process.communicate(timeout=120)[0] == "True\nsurvived\n"
    assert process.returncode == 0


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_stay_closed(closed: str, forerun_command: list[str], tmp_path: Path, cache_dir: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import sys\nsaid = [getattr(s, 'name', None) for s in (sys.stdin, sys.stdout, sys.stderr)]\n"
        "open('said', 'w').write(repr(said))\nimport forerun_invented_name_zq\n"
    )
    seen = []
    for command in (forerun_command, [BASE]):
        line = f'exec "$@" {closed}'
        done = subprocess.run(["/bin/sh", "-c", line, "sh", *command, script], cwd=tmp_path, capture_output=True)
        seen.append((done.returncode, done.stdout, (tmp_path / "said").read_text()))
    assert seen[0] == seen[1]


def test_output_that_nobody_reads_ends_the_script_as_python(
    forerun_command: list[str], tmp_path: Path, cache_dir: Path
) -> None:
    script = tmp_path / "script.py"
    script.write_text("for n in range(100_000):\n    print(n)")
    codes = []
    for command in (forerun_command, [BASE]):
        with subprocess.Popen([*command, str(script)], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdout.readline()
            process.stdout.close()
            codes.append((process.stderr.read().decode().splitlines()[-1], process.wait(120)))
    assert codes[0] == codes[1]
