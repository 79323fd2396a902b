"""What a caller hears while a program runs, whose turn it is, and what a person is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
import pytest
from mcp.client import Client
from mcp_types import ElicitResult

from forerun.runner.errors import RunnerError
from forerun.server.app import build_server
from forerun.server.runs import Runs
from forerun.server.settings import Settings
from forerun.server.workspace import open_workspace

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    Ask = Callable[..., Awaitable[tuple[str, dict[str, Any], bool]]]

pytestmark = pytest.mark.anyio

SLOW = "import time\nfor n in range(4):\n    print('step', n, flush=True)\n    time.sleep(0.4)\n"


async def test_progress_tells_the_stage_and_the_last_line(connect: Callable[..., Any], mode: str) -> None:
    heard: list[tuple[float, str]] = []

    async def listen(progress: float, _total: float | None, message: str | None) -> None:
        heard.append((progress, message or ""))

    async with connect(mode) as client:
        await client.call_tool("run_python_code", {"python_code": SLOW}, progress_callback=listen)
    numbers = [number for number, _ in heard]
    assert numbers == sorted(set(numbers))
    messages = [message for _, message in heard]
    assert any(message.startswith("Running: step") for message in messages), messages
    assert len(messages) < 12


async def test_progress_shows_virtual_paths_and_no_control_characters_of_a_line(
    connect: Callable[..., Any], folder: Path
) -> None:
    heard: list[str] = []

    async def listen(_progress: float, _total: float | None, message: str | None) -> None:
        heard.append(message or "")

    code = f"import time\nprint({str(folder)!r}, '\\x01' * 500, flush=True)\ntime.sleep(0.8)"
    async with connect() as client:
        await client.call_tool("run_python_code", {"python_code": code}, progress_callback=listen)
    assert any("/working" in each for each in heard), heard
    assert str(folder) not in "".join(heard)
    assert "\x01" not in "".join(heard)


async def test_calls_beyond_the_bound_wait_and_a_full_queue_says_so(folder: Path, ask: Ask) -> None:
    answers: list[tuple[str, bool]] = []

    async def call(client: Client) -> None:
        text, _, is_error = await ask(client, "run_python_code", python_code="import time; time.sleep(1); 1")
        answers.append((text, is_error))

    settings = Settings(path=str(folder), max_concurrency=1)
    runs = Runs(settings.runs_at_once, most_waiting=1)
    with open_workspace(settings) as workspace:
        async with Client(build_server(settings, workspace, runs)) as client, anyio.create_task_group() as tasks:
            for _ in range(3):
                tasks.start_soon(call, client)
    runs.close()
    errors = [text for text, is_error in answers if is_error]
    assert len(answers) == 3
    assert len(errors) == 1
    assert errors[0].endswith("this server is busy: 1 programs run and 1 more wait; try again later")


async def test_a_call_that_waits_can_be_cancelled(folder: Path, ask: Ask) -> None:
    settings = Settings(path=str(folder), max_concurrency=1)
    runs = Runs(settings.runs_at_once)
    with open_workspace(settings) as workspace:
        async with Client(build_server(settings, workspace, runs)) as client, anyio.create_task_group() as tasks:
            tasks.start_soon(client.call_tool, "run_python_code", {"python_code": "import time; time.sleep(1)"})
            await anyio.sleep(0.3)
            with anyio.move_on_after(0.3) as scope:
                await ask(client, "run_python_code", python_code="open('ran', 'w')")
            assert scope.cancelled_caught
        async with Client(build_server(settings, workspace, runs)) as client:
            _, facts, _ = await ask(client, "run_python_code", python_code="2")
    runs.close()
    assert facts["return_value"] == 2
    assert not (folder / "ran").exists()


async def test_parallel_answers_belong_to_their_questions(connect: Callable[..., Any], ask: Ask) -> None:
    seen: list[bool] = []

    async def call(client: Client, number: int) -> None:
        _, facts, _ = await ask(client, "run_python_code", python_code=f"print({number}); {number} * 2")
        seen.append((facts["output"], facts["return_value"]) == (f"{number}\n", number * 2))

    async with connect() as client, anyio.create_task_group() as tasks:
        for number in range(40):
            tasks.start_soon(call, client, number)
    assert seen == [True] * 40


def _answering(action: str, content: dict[str, Any] | None, asked: list[str]) -> Any:
    async def answer(_context: Any, params: Any) -> ElicitResult:
        asked.append(params.message)
        return ElicitResult(action=action, content=content)  # type: ignore[arg-type]

    return answer


@pytest.mark.parametrize(
    ("action", "content"),
    [
        pytest.param("decline", None, id="declined"),
        pytest.param("cancel", None, id="closed"),
        pytest.param("accept", {"install": False}, id="unticked"),
    ],
)
async def test_without_consent_the_run_is_refused(
    action: str, content: dict[str, Any] | None, folder: Path, mode: str, ask: Ask
) -> None:
    asked: list[str] = []
    settings = Settings(path=str(folder))
    runs = Runs(1)
    with open_workspace(settings) as workspace:
        server = build_server(settings, workspace, runs)
        answer = _answering(action, content, asked)
        async with Client(server, mode=mode, elicitation_callback=answer) as client:
            text, facts, is_error = await ask(
                client,
                "run_python_code",
                python_code="1\nimport cowpy\n'no question may say this'",
                dependencies=["pyyaml"],
            )
    runs.close()
    assert (facts["status"], is_error) == ("refused", True)
    assert len(asked) == 1
    assert "- cowpy is on the package index but neither curated nor popular" in asked[0]
    assert "(line 2)" in asked[0]
    assert "pyyaml" not in asked[0]
    assert "may say" not in asked[0]
    assert "--allow" not in text + asked[0]


async def test_nothing_is_asked_of_what_is_denied_or_lies(folder: Path, ask: Ask) -> None:
    asked: list[str] = []
    settings = Settings(path=str(folder), deny=("rich",))
    runs = Runs(1)
    with open_workspace(settings) as workspace:
        answer = _answering("accept", {"install": True}, asked)
        async with Client(build_server(settings, workspace, runs), elicitation_callback=answer) as client:
            for arguments in (
                {"dependencies": ["rich"]},
                {"dependencies": ["x @ file:///etc"]},
                {"dependencies": ["no-such-thing-1", "rich"]},
                {"dependencies": [f"no-such-thing-{n}" for n in range(20)]},
            ):
                _, facts, _ = await ask(client, "run_python_code", python_code="1", **arguments)
                assert facts["status"] == "refused"
    runs.close()
    assert asked == []


@pytest.mark.parametrize(
    ("python", "names"),
    [
        pytest.param("3.8", ["cowpy"], id="where it is needed"),
        pytest.param("3.8.1", ["cowpy"], id="with a last part"),
        pytest.param("3.13", [], id="where it is not"),
        pytest.param("3", [], id="too short to tell"),
        pytest.param("", [], id="ours"),
    ],
)
async def test_the_question_is_about_the_python_that_is_asked_for(
    python: str, names: list[str], folder: Path, ask: Ask
) -> None:
    asked: list[str] = []
    settings = Settings(path=str(folder))
    runs = Runs(1)
    code = "import sys\nif sys.version_info < (3, 9):\n    import cowpy\n"
    with open_workspace(settings) as workspace:
        server = build_server(settings, workspace, runs)
        async with Client(server, elicitation_callback=_answering("decline", None, asked)) as client:
            await ask(client, "run_python_code", python_code=code, python_version=python)
    runs.close()
    assert [name for name in ["cowpy"] if any(f"- {name} is" in each for each in asked)] == names


BLOCK = "# /// script\n# requires-python = '<3.9'\n# ///\n"
"""What only a Python can run that is older than ours, whether this machine has one or not."""


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        pytest.param("< (3, 9)", ["cowpy"], id="where it is needed"),
        pytest.param(">= (3, 9)", [], id="where it is not"),
    ],
)
async def test_the_question_is_about_the_python_that_a_block_asks_for(
    condition: str, names: list[str], folder: Path, ask: Ask
) -> None:
    asked: list[str] = []
    runs = Runs(1)
    code = f"{BLOCK}import sys\nif sys.version_info {condition}:\n    import cowpy\n"
    with open_workspace(Settings(path=str(folder))) as workspace:
        server = build_server(Settings(path=str(folder)), workspace, runs)
        async with Client(server, elicitation_callback=_answering("decline", None, asked)) as client:
            await ask(client, "run_python_code", python_code=code)
    runs.close()
    assert [name for name in ["cowpy"] if any(f"- {name} is" in each for each in asked)] == names


@pytest.mark.network
async def test_consent_installs_for_one_run_and_is_asked_once(folder: Path, mode: str, ask: Ask) -> None:
    asked: list[str] = []
    settings = Settings(path=str(folder))
    runs = Runs(1)
    code = {"python_code": "import cowpy\ncowpy.__name__"}
    with open_workspace(settings) as workspace:
        server = build_server(settings, workspace, runs)
        answer = _answering("accept", {"install": True}, asked)
        async with Client(server, mode=mode, elicitation_callback=answer) as client:
            _, facts, _ = await ask(client, "run_python_code", **code)
        async with Client(server, mode=mode) as client:
            _, refused, _ = await ask(client, "run_python_code", **code)
    runs.close()
    assert facts["status"] == "success"
    assert len(asked) == 1
    assert refused["status"] == "refused"


async def test_what_runs_is_what_the_person_was_asked_about(folder: Path, ask: Ask) -> None:
    """A program that is exchanged while the person thinks runs as it was, or is asked about again."""
    (folder / "a.py").write_text("import cowpy\n")
    asked: list[str] = []

    async def answer(_context: Any, params: Any) -> Any:
        asked.append(params.message)
        (folder / "a.py").write_text("import pyfakelib_nobody_knows\nimport lolcat\n")
        return ElicitResult(action="accept", content={"install": len(asked) == 1})

    settings = Settings(path=str(folder))
    allowed: list[tuple[str, ...]] = []

    class Seen(Runs):
        async def run(self, source: Any, arguments: Any, progress: Any, **options: Any) -> Any:
            allowed.append(options["allow"])
            raise RunnerError("seen enough")

    runs = Seen(1)
    callback: Any = answer
    with open_workspace(settings) as workspace:
        for mode in ("legacy", "auto"):
            (folder / "a.py").write_text("import cowpy\n")
            asked.clear()
            server = build_server(settings, workspace, runs)
            async with Client(server, mode=mode, elicitation_callback=callback) as client:
                await ask(client, "run_python_file", file_path="a.py")
    runs.close()
    assert "lolcat" not in "".join(str(each) for each in allowed)
    assert allowed[0] == ("cowpy",)
