"""What clients and their models are told of the server, its tools and its prompts."""

from __future__ import annotations

RUN_CODE = """\
Run Python {python} code in a fresh virtual environment on the server's machine. Packages that it imports are
found, installed and cached by themselves: just write the imports; no pip install is needed.
Returns the printed output, the value of the last expression, open matplotlib figures as images, and on
failure the traceback. The working folder is {mount}: files written there stay for later calls, and come back
as resource links. Variables do not stay; each call starts anew. A package that the server does not trust is
refused. Output beyond 60,000 characters is cut in the middle; a link leads to it."""

RUN_FILE = """\
Run a Python file (.py, .ipynb) that lies under {mount}, like `python FILE ARGS`, in a fresh virtual
environment. Packages that it imports are found, installed and cached by themselves.
Returns the printed output, and on failure the traceback; files that it writes under {mount} come back as
resource links. The working folder is {mount}."""

RESOLVE = """\
Tell which packages Python code or a file under {mount} needs, and whether this server would install and run
it. Nothing is executed, installed or changed. Give either python_code or file_path."""

INSTRUCTIONS = """\
Runs Python programs, dependencies first: imports are read, the packages they need are installed into a fresh
environment, and the program runs there. Write plain scripts with plain imports. Save files under {mount},
which all calls share. forerun://files/ lists that folder, forerun://distribution/NAME says what provides an
import name."""

PRECHECK = """\
Would the program {path} run? Call resolve_dependencies with file_path={path!r}. Do not run it. Then tell me:
which packages it needs, which of them this server would refuse and why, what stands in the way of a run, and
what I should change in the program, if anything."""

EXPLAIN_FAILURE = """\
The program {path} fails. Run it once with run_python_file and file_path={path!r}, and read the traceback.
Look at the program (resource {uri}), and find the cause: a missing or wrong package, an API that the
installed version no longer has, or a mistake in the code. Tell me the cause in one sentence, then the
smallest change that mends it. Do not change the file."""
