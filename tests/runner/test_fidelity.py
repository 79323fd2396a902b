"""`forerun FILE` behaves as `python FILE`: the same file under both, and everything that a caller sees compared."""

from __future__ import annotations

import os
import re
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
    "dataclass": "import dataclasses, pickle\n@dataclasses.dataclass(frozen=True, order=True)\nclass P:\n    x: int\n"
    "    y: list = dataclasses.field(default_factory=list)\n"
    "print(P(1), P(1) < P(2), dataclasses.asdict(P(1)), pickle.loads(pickle.dumps(P(3))), P.__module__, "
    "P.__qualname__)",
    "typing of main": "import typing\nclass N(typing.NamedTuple):\n    a: 'M'\nclass M: pass\n"
    "print(typing.get_type_hints(N))",
    "pickle in a child": "import pickle, subprocess, sys\nclass C: pass\n"
    "code = 'import pickle, sys; pickle.load(sys.stdin.buffer)'\n"
    "done = subprocess.run([sys.executable, '-c', code], input=pickle.dumps(C()), capture_output=True)\n"
    "print(done.returncode, done.stderr.decode().splitlines()[-1])",
    "source of classes and frames": "import inspect, linecache, sys\nclass C:\n    def m(self):\n        return 1\n"
    "print(inspect.getsource(C), inspect.getsourcelines(C.m), inspect.getmodule(C), linecache.getline(__file__, 2))\n"
    "print(inspect.currentframe().f_code.co_filename, inspect.stack()[0].code_context, len(inspect.stack()))",
    "warning of a module of one's own": "import warnings\ndef f():\n"
    "    warnings.warn('old', DeprecationWarning, 2)\nf()\n"
    "warnings.simplefilter('error')\nf()",
    "unclosed file": "import warnings\nwarnings.simplefilter('always')\nopen(__file__)\n",
    "at exit, in order": "import atexit\nfor n in range(3):\n    atexit.register(print, n)\n"
    "atexit.register(lambda: 1 / 0)\nprint('end')",
    "at exit, with an exit code": "import atexit, sys\natexit.register(lambda: sys.exit(9))\nsys.exit(4)",
    "at exit, a thread waits": "import atexit, threading, time\natexit.register(print, 'last')\n"
    "threading.Thread(target=lambda: (time.sleep(0.2), print('thread'))).start()\nprint('main')",
    "daemon thread": "import threading, time\n"
    "threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\nprint(1)",
    "exit in a thread": "import threading, sys\nt = threading.Thread(target=sys.exit, args=(3,))\nt.start()\n"
    "t.join()\nprint(1)",
    "hook of threads": "import threading\nthreading.excepthook = lambda a: print('hooked', a.exc_type.__name__)\n"
    "t = threading.Thread(target=lambda: 1 / 0)\nt.start()\nt.join()",
    "exit None": "import sys\nsys.exit(None)",
    "exit with an object": "import sys\nsys.exit([1, {'a': 2}])",
    "exit with True": "import sys\nsys.exit(True)",
    "exit 256": "import sys\nsys.exit(256)",
    "exit by a subclass": "class Stop(SystemExit): pass\nraise Stop(6)",
    "exit in finally": "try:\n    raise SystemExit(2)\nfinally:\n    print('cleaned')",
    "exit function": "exit(5)",
    "quit with text": "quit('bye')",
    "end of input": "print(input(), input())\ninput('more? ')",
    "asyncio": "import asyncio\nasync def main():\n"
    "    print(await asyncio.gather(asyncio.sleep(0, 1), asyncio.sleep(0, 2)))\n"
    "    print(asyncio.get_running_loop().is_running(), len(asyncio.all_tasks()))\nasyncio.run(main())",
    "asyncio, failing": "import asyncio\nasync def main():\n    raise KeyError('a')\nasyncio.run(main())",
    "asyncio, subprocess": "import asyncio, sys\nasync def main():\n"
    "    p = await asyncio.create_subprocess_exec(sys.executable, '-c', 'print(5)', stdout=-1)\n"
    "    print(await p.communicate(), p.returncode)\nasyncio.run(main())",
    "asyncio, threads": "import asyncio, threading\n"
    "print(asyncio.run(asyncio.to_thread(lambda: threading.current_thread() is threading.main_thread())))",
    "asyncio, interrupted": "import asyncio, os, signal\nasync def main():\n    os.kill(os.getpid(), signal.SIGINT)\n"
    "    await asyncio.sleep(60)\ntry:\n    asyncio.run(main())\nexcept KeyboardInterrupt:\n    print('interrupted')",
    "process pool": "from concurrent.futures import ProcessPoolExecutor\ndef f(x):\n    return x * 2\n"
    "if __name__ == '__main__':\n    with ProcessPoolExecutor(1) as pool:\n        print(list(pool.map(f, [1, 2])))",
    "process with an exit code": "import multiprocessing as m, sys\nif __name__ == '__main__':\n"
    "    for kind in ('fork', 'spawn', 'forkserver'):\n"
    "        p = m.get_context(kind).Process(target=sys.exit, args=(3,))\n"
    "        p.start()\n        p.join()\n        print(kind, p.exitcode)",
    "process that fails": "import multiprocessing as m\ndef f():\n    raise ValueError('in the child')\n"
    "if __name__ == '__main__':\n    p = m.get_context('spawn').Process(target=f, name='p')\n    p.start()\n"
    "    p.join()\n"
    "    print(p.exitcode)",
    "shared memory": "from multiprocessing import shared_memory\n"
    "s = shared_memory.SharedMemory(create=True, size=8)\ns.buf[0] = 7\nt = shared_memory.SharedMemory(s.name)\n"
    "print(t.buf[0])\nt.close()\ns.close()\ns.unlink()",
    "fork by hand": "import os, sys\nprint('before', flush=True)\nif os.fork() == 0:\n    print('child')\n"
    "    sys.exit(3)\n"
    "print(os.waitstatus_to_exitcode(os.wait()[1]))",
    "fork that fails": "import os\nif os.fork() == 0:\n    import forerun_invented_name_zq\n"
    "print(os.waitstatus_to_exitcode(os.wait()[1]))",
    "main can be imported": "import sys, importlib\n"
    "print(importlib.import_module('__main__') is sys.modules[__name__])\n"
    "print(sorted(n for n in globals() if n.startswith('__')))",
    "run again by its path": "import runpy, sys\nif __name__ == '__main__':\n"
    "    print(runpy.run_path(__file__, run_name='again')['__name__'])",
    "recursion": "def f(): f()\ntry:\n    f()\nexcept RecursionError as e:\n    print(str(e)[:40])",
    "unraisable": "class C:\n    def __del__(self):\n        raise ValueError('in del')\nc = C()\ndel c\nprint(1)",
    "notes": "e = ValueError('a')\ne.add_note('a note')\nraise e",
    "suggestion": "import sys\nsys.versoin",
    "deep traceback": "def f(n):\n    return 1 / n if n == 0 else f(n - 1)\nf(20)",
    "interrupted input": "import signal\nsignal.raise_signal(signal.SIGINT)",
    "broken thread pool": "from concurrent.futures import ThreadPoolExecutor\n"
    "with ThreadPoolExecutor(2) as pool:\n    print(list(pool.map(str, [1, 2])), pool.submit(int, 'x').exception())",
    "descriptors": "import os\nprint(sorted(os.listdir('/proc/self/fd'))[:-1])",
}


def neutral(text: str) -> str:
    """Return text without what differs from one environment, or one run, to another."""
    lines = (line for line in text.splitlines() if not line.startswith("forerun: "))
    return re.sub("0x[0-9a-f]+", "0x", "\n".join(lines).replace(BASE, "python"))


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
