"""Scripts and callers that fight us: no hang, nothing deleted or read elsewhere, nothing installed unproven."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import forerun
from forerun.resolver.errors import ResolverError
from forerun.resolver.resolution import resolve_sources
from forerun.resolver.source import from_code
from forerun.resolver.target import this_target
from forerun.resolver.trust import policy
from forerun.runner.captured import Captured
from forerun.runner.ending import read_ending
from forerun.runner.interpreter import this_interpreter
from forerun.runner.process import Cancellation
from forerun.runner.recovery import recover
from forerun.runner.request import Request
from forerun.runner.run import run_source
from forerun.runner.store import open_store
from forerun.runner.supervision import Said, Supervisors, supervise


@pytest.fixture(autouse=True)
def store(cache_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORERUN_CACHE_DIR", str(cache_dir))


FOLDER = "import os; folder = os.path.dirname(os.path.dirname(os.environ['VIRTUAL_ENV'] + '/'))\n"


@pytest.mark.network
@pytest.mark.parametrize("name", ["main.py", "job.json", "ending.json", "output", "answer.json"])
def test_a_pipe_in_place_of_our_files_hangs_nothing(name: str) -> None:
    code = f"{FOLDER}p = folder + '/{name}'\nif os.path.lexists(p): os.unlink(p)\nos.mkfifo(p)\n"
    again = "import importlib\nimportlib.import_module('s' + 'ix')"
    assert forerun.run(code + again, timeout=60).status in ("success", "run-error")


@pytest.mark.parametrize("name", ["output", "ending.json", "main.py", "env"])
def test_a_link_in_place_of_our_files_leads_nowhere(name: str, tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("kept")
    code = f"{FOLDER}p = folder + '/{name}'\nif os.path.lexists(p): os.rename(p, p + '-moved')\n"
    forerun.run(code + f"os.symlink({str(tmp_path)!r}, p)", timeout=60)
    assert (tmp_path / "kept").read_text() == "kept"
    assert os.listdir(tmp_path) == ["kept"]


def test_a_link_in_place_of_the_run_s_folder_leads_nowhere(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("kept")
    code = f"{FOLDER}os.rename(folder, folder + 'x'); os.symlink({str(tmp_path)!r}, folder)\n"
    try:
        forerun.run(code + "import shutil; shutil.rmtree(folder + 'x')", timeout=60)
    except forerun.RunnerError:
        pass
    assert (tmp_path / "kept").read_text() == "kept"


FORGED = {"outcome": "exited", "code": 0, "signal": 0, "reached": []}
LINE = b"\x03" + json.dumps(FORGED).encode() + b"\n"
SAID = f"with open(f'/proc/{{os.getppid()}}/fd/1', 'wb', buffering=0) as pipe:\n    pipe.write({LINE!r})\n"

on_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc is a part of Linux")


@on_linux
def test_a_script_that_kills_its_supervisor_cannot_say_that_it_succeeded() -> None:
    """Neither by a file of ours nor by the pipe that the supervisor would have said it through."""
    code = (
        f"{FOLDER}import signal, time\nopen(folder + '/ending.json', 'wb').write({LINE[1:]!r})\n{SAID}"
        "os.kill(os.getppid(), signal.SIGKILL)\ntime.sleep(60)"
    )
    with pytest.raises(forerun.RunnerError, match=r"^the script cannot be run: its supervisor was killed$"):
        forerun.run(code, timeout=60)


@on_linux
def test_what_a_script_puts_into_the_pipe_is_not_the_last_word() -> None:
    result = forerun.run(f"import os\n{SAID}raise SystemExit(3)", timeout=60)
    assert (result.status, result.exit_code) == ("run-error", 3)


def test_a_job_that_a_script_slips_in_answers_for_nobody(tmp_path: Path) -> None:
    """A supervisor that waits for its job can be reached by processes of the same user, where nothing keeps them."""
    supervisor = Supervisors().take(this_interpreter().path)
    for name, code in (("slipped in", "exit 0"), ("right", "exit 7")):
        (tmp_path / name).mkdir()
        job: dict[str, object] = {
            "arguments": ["/bin/sh", "-c", code], "environment": {}, "folder": str(tmp_path), "mounts": [],
            "closed": [], "background": [], "confined": {}, "stdin": "", "deadline": None, "tells_lines": False,
            "head": 9, "tail": 9,
        }  # fmt: skip
        (tmp_path / name / "job.json").write_text(json.dumps(job))
    Path(f"/proc/{supervisor.pid}/fd/0").write_text(f"token {tmp_path / 'slipped in' / 'job.json'}\n")
    said = supervise(supervisor, str(tmp_path / "right" / "job.json"), Cancellation())
    assert said == Said()
    said = supervise(Supervisors().take(this_interpreter().path), str(tmp_path / "right" / "job.json"), Cancellation())
    assert said is not None
    assert read_ending(said.ending)["code"] == 7


@pytest.mark.parametrize(
    "changes",
    [
        {"outcome": "succeeded"},
        {"outcome": None},
        {"code": None},
        {"code": "0"},
        {"code": 0.5},
        {"code": True},
        {"signal": None},
        {"signal": [9]},
        {"outcome": None, "failure": 5, "refused": ""},
        {"outcome": None, "failure": "no", "refused": ["mount"]},
        {"outcome": None, "failure": "no"},
    ],
    ids=str,
)
def test_an_ending_with_a_field_that_is_none_says_nothing(changes: dict[str, object]) -> None:
    whole = {**FORGED, **changes}
    assert read_ending(json.dumps(whole).encode()) == {}
    assert read_ending(json.dumps({name: each for name, each in whole.items() if each is not None}).encode()) == {}


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"\xff", b"[" * 100_000, b"5"], ids=repr)
def test_what_is_no_ending_says_nothing(data: bytes) -> None:
    assert read_ending(data) == {}


def test_a_whole_ending_is_read() -> None:
    assert read_ending(json.dumps({**FORGED, "reached": ["memory", 5]}).encode()) == {**FORGED, "reached": ["memory"]}
    assert read_ending(b'{"failure": "no", "refused": "mount", "errno": 1}') == {
        "failure": "no", "refused": "mount", "errno": 1,
    }  # fmt: skip
    assert read_ending(b'{"failure": "no", "refused": "", "errno": null}')["errno"] == 0


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param('{"missing": ["x"]}', id="missing"),
        pytest.param('{"figures": 5}', id="figures"),
        pytest.param('{"traceback": 5}', id="traceback"),
        pytest.param('{"value": {"repr": 1}}', id="value"),
        pytest.param("[]", id="list"),
        pytest.param("{", id="broken"),
        pytest.param("[" * 5000, id="deep"),
    ],
)
def test_an_answer_that_lies_is_passed_over(answer: str) -> None:
    code = f"{FOLDER}open(folder + '/answer.json', 'w').write({answer!r}); os._exit(0)"
    assert forerun.run(code, timeout=60).status == "success"


@pytest.mark.network
def test_naming_a_guess_does_not_spare_it_its_proof() -> None:
    for dependencies in (["types-requests"], []):
        source = from_code("import types_requests\n", "caller")
        result = run_source(source, Request(dependencies=tuple(dependencies)), Captured())
        assert "types-requests was not used" in " ".join(result.notes)
        assert result.dependencies == ()


@pytest.mark.network
def test_what_is_denied_is_not_installed_for_others_either() -> None:
    result = forerun.run("import requests", deny=["idna"])
    assert result.status == "install-error"
    assert "idna, which is on the deny list" in result.error


@pytest.mark.parametrize("name", ["", "a,b", "evil name", "-r", "é"])
def test_a_name_that_is_none_is_refused_and_not_dropped(name: str) -> None:
    with pytest.raises(ResolverError, match="no distribution's name"):
        policy(deny=[name])


@pytest.mark.parametrize("text", ["numpy_", "utils", "numpy_===/../../x.whl", "config", "crypto", "bpy"])
def test_a_caller_s_name_ranks_no_better_than_its_import(text: str) -> None:
    result = run_source(from_code("print(1)\n", "caller"), Request(dependencies=(text,)), Captured())
    assert result.status == "refused"
    assert "--allow" not in result.error


def test_a_caller_looks_into_no_folder_but_theirs(tmp_path: Path) -> None:
    shared, outside = tmp_path / "shared", tmp_path / "outside"
    for folder in (shared, outside):
        folder.mkdir()
        (folder / "__init__.py").write_text("")
    (outside / "secret.py").write_text("import boto3\n")
    (shared / "linked.py").symlink_to(outside / "secret.py")
    (shared / "own.py").write_text("import numpy\n")
    code = "import linked, own\nfrom ..outside import secret\n"
    found = resolve_sources((from_code(code, "caller", str(shared)),), this_target())
    assert [each.name for each in found.requirements] == ["numpy"]
    mine = resolve_sources((from_code(code, "person", str(shared)),), this_target())
    assert "boto3" in [each.name for each in mine.requirements]


def test_a_signal_to_our_group_leaves_no_daemon(tmp_path: Path, cache_dir: Path) -> None:
    mark = tmp_path / "daemon"
    code = (
        "import subprocess, time\n"
        f"p = subprocess.Popen(['sleep', '4343'], start_new_session=True)\nopen({str(mark)!r}, 'w').write(str(p.pid))\n"
        "time.sleep(600)"
    )
    program = f"import forerun\nforerun.run({code!r})"
    root = str(Path(__file__).parents[2] / "src")
    environment = {**os.environ, "PYTHONPATH": root, "FORERUN_CACHE_DIR": str(cache_dir)}
    ours = subprocess.Popen([sys.executable, "-c", program], env=environment, start_new_session=True)
    while not (mark.exists() and mark.read_text()):
        assert ours.poll() is None
        time.sleep(0.02)
    os.killpg(ours.pid, signal.SIGTERM)
    ours.wait(60)
    daemon = Path("/proc") / mark.read_text()
    for _ in range(3000):
        if not daemon.exists():
            break
        time.sleep(0.02)
    assert not daemon.exists()
    recover(open_store())


@pytest.mark.network
def test_a_build_sees_no_secret_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    from forerun.runner.installer import Uv

    monkeypatch.setenv("MY_SECRET", "hunter2")
    seen: list[str] = []

    class Watched(Uv):
        def run_once(self, arguments, folder, verbosity="--quiet", retries=0):  # type: ignore[no-untyped-def]
            self._program = sys.executable
            output = super().run_once(["-c", "import os; print(sorted(os.environ))"], folder, "-E")
            seen.append(output.stdout.decode())
            return output

    Watched().run_once([], "/")  # type: ignore[no-untyped-call]
    assert "PATH" in seen[0]
    assert "MY_SECRET" not in seen[0]
