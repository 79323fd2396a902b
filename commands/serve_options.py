"""Flags, environment variables and `[tool.forerun]`, in that order -> the settings of a server, with their sources."""

from __future__ import annotations

import argparse
import os
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from forerun.resolver.names import canonical
from forerun.resolver.settings import own_import_map, settings_for
from forerun.resolver.trust import TRUST_CHOICES
from forerun.runner.limits import Limits
from forerun.runner.mount import checked_mount
from forerun.server.settings import LONGEST_TIMEOUT, Listening, Settings

from .containment_options import LIMITS
from .project_options import from_table
from .shared_options import problems_of, seconds, whole_number

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

BETWEEN_REQUIREMENTS = re.compile(r",(?![^\[]*\])(?=\s*[A-Za-z0-9])")
"""A comma that does not belong to extras (`a[b,c]`) or to a version range (`a>=1,<2`)."""

NOT_GIVEN = argparse.SUPPRESS


class Option(NamedTuple):
    """An option: `--name` as a flag and `FORERUN_NAME` in the environment. `read` turns its text into the value."""

    name: str
    default: Any
    read: Callable[[str], Any]
    metavar: str
    help: str
    choices: tuple[str, ...] = ()

    @property
    def variable(self) -> str:
        """The environment variable."""
        return "FORERUN_" + self.name.upper().replace("-", "_")

    @property
    def field(self) -> str:
        """The name under which argparse knows it."""
        return self.name.replace("-", "_")


class Chosen(NamedTuple):
    """The value of an option, and where it comes from."""

    name: str
    value: Any
    source: str


class Serving(NamedTuple):
    """What to serve, and where to listen; None for standard input and output."""

    settings: Settings
    listening: Listening | None


def _yes(text: str) -> bool:
    return text.strip().lower() in ("1", "true", "yes", "on")


def _names(text: str) -> tuple[str, ...]:
    return tuple(each.strip() for each in text.split(",") if each.strip())


def _requirements(text: str) -> tuple[str, ...]:
    texts = tuple(each.strip() for each in BETWEEN_REQUIREMENTS.split(text) if each.strip())
    for sentence in problems_of(texts, "named by the operator"):
        raise argparse.ArgumentTypeError(sentence)
    return texts


OPTIONS = (
    Option("mount", "/working", str, "VIRTUAL", "the absolute path that programs see (default: /working)"),
    Option("path", "", str, "DIR", "the folder behind it (default: a temporary one, deleted at the end)"),
    Option("deps", (), _requirements, "A,B", "requirements to install for every program"),
    Option("timeout", 300.0, seconds(LONGEST_TIMEOUT), "SECONDS", "end a program after this time (default: 300)"),
    Option("max-retries", 5, whole_number(0, 100), "N", "reruns at most when a module is missing (default: 5)"),
    Option("isolation", "shared", str, "", "share installed files, or copy them for each run", ("shared", "copy")),
    Option("sandbox", False, _yes, "", "show programs nothing but Python and the mount, and give them no network"),
    Option("no-network", False, _yes, "", "keep programs from the network"),
    *(Option(name, 0, read, metavar, what) for name, read, metavar, what in LIMITS),
    Option("max-concurrency", 0, whole_number(1, 1000), "N", "programs that run at once (default: one a core)"),
    Option("trust", "popular", str, "", "the least trusted level to install (default: popular)", TRUST_CHOICES),
    Option("allow", (), _names, "NAME", "install NAME whatever its level"),
    Option("deny", (), _names, "NAME", "never install NAME"),
    Option("map", (), own_import_map, "FILE", "a TOML file with import names and what provides them"),
    Option("exclude-newer", "", str, "DATE", "take no release that was uploaded after DATE (RFC 3339)"),
    Option("no-build", False, _yes, "", "build no source distribution"),
    Option("allow-build", (), _names, "NAME", "NAME may be built where it has no wheel"),
    Option("verbose", False, _yes, "", "log each call on stderr"),
    Option("log-format", "text", str, "", "how the log is written (default: text)", ("text", "json")),
)
LISTENING = (
    Option("host", "127.0.0.1", str, "ADDRESS", "where to listen (default: 127.0.0.1)"),
    Option("port", 3001, whole_number(0, 65535), "N", "the port, 0 for any that is free (default: 3001)"),
    Option("allow-host", (), _names, "NAME", "answer to this host name, too"),
    Option("allow-origin", (), _names, "ORIGIN", "let web pages of this origin use the server, as https://example.org"),
    Option("token-file", "", str, "FILE", "the file with the token that clients send (made if need be)"),
    Option("no-token", False, _yes, "", "ask for no token; on loopback addresses only"),
)
ADDED_UP = ("allow", "deny", "map")
"""Lists to which each source adds; of anything else, and of each name in a map, the first source has the say."""

ABOUT = {
    "stdio": "Serve MCP tools that run Python programs, on standard input and output.",
    "streamable-http": "Serve MCP tools that run Python programs, over streamable HTTP (/mcp).",
    "sse": "Serve MCP tools that run Python programs, over HTTP with server-sent events (/sse), for older clients.",
    "warmup": "Run a real program with a real dependency through the server, to see that all works.",
    "config show": "Show the settings of a server, and where each comes from.",
}


def parse(transport: str, arguments: Sequence[str]) -> Serving:
    """Read the flags and what stands for them; bad ones end the process as argparse does.

    Raises:
        MountError: the mount makes no sense, or its folder does not exist.
        ResolverError: what may be installed makes no sense.
    """
    found = {each.name: each.value for each in chosen(transport, arguments, os.environ, os.getcwd())}
    checked_mount(found["mount"], found["path"] or os.sep)
    settings = Settings(
        mount=found["mount"],
        path=found["path"],
        dependencies=found["deps"],
        timeout=found["timeout"],
        trust=found["trust"],
        allow=found["allow"],
        deny=found["deny"],
        import_map=tuple(reversed(found["map"])),
        no_build=found["no-build"],
        allow_build=found["allow-build"],
        exclude_newer=found["exclude-newer"],
        max_retries=found["max-retries"],
        isolation=found["isolation"],
        sandbox=found["sandbox"],
        no_network=found["no-network"],
        limits=Limits(*(found[name] for name, *_ in LIMITS)),
        max_concurrency=found["max-concurrency"],
        verbose=found["verbose"],
        log_format=found["log-format"],
    )
    # Asked for now, so that what makes no sense is said before anything is served.
    _ = settings.policy
    if transport not in ("streamable-http", "sse"):
        return Serving(settings, None)
    # Taken out of the environment, in which programs that we start might find it.
    token = os.environ.pop("FORERUN_TOKEN", "")
    return Serving(
        settings,
        Listening(
            transport="sse" if transport == "sse" else "streamable-http",
            host=found["host"],
            port=found["port"],
            token=token,
            token_file=found["token-file"],
            needs_token=not found["no-token"],
            hosts=found["allow-host"],
            origins=found["allow-origin"],
        ),
    )


def chosen(transport: str, arguments: Sequence[str], environment: Mapping[str, str], folder: str) -> list[Chosen]:
    """Return every option of a transport with its value; a project's settings are looked up from `folder`."""
    options = OPTIONS if transport in ("stdio", "warmup") else OPTIONS + LISTENING
    parser = _parser(transport, options)
    flags = vars(parser.parse_args(arguments))
    told: list[tuple[str, Mapping[str, Any]]] = [
        ("flag", {each.name: _joined(each, flags[each.field]) for each in options if each.field in flags}),
        (
            "environment",
            {each.name: _from(environment, each, parser) for each in options if each.variable in environment},
        ),
    ]
    mounted = next((values["path"] for _, values in told if "path" in values), "")
    allowed = [each for _, values in told for each in values.get("allow", ())]
    source, project = _of_project(folder, mounted, allowed, options)
    return [_chosen(each, [*told, (source, project)]) for each in options]


def _chosen(option: Option, told: Sequence[tuple[str, Mapping[str, Any]]]) -> Chosen:
    named = [(source, values[option.name]) for source, values in told if option.name in values]
    if not named:
        return Chosen(option.name, option.default, "default")
    if option.name in ADDED_UP:
        return Chosen(option.name, tuple(each for _, value in named for each in value), ", ".join(s for s, _ in named))
    return Chosen(option.name, named[0][1], named[0][0])


def _joined(option: Option, value: Any) -> Any:
    """Return the parts of a flag that was given repeatedly as one."""
    return tuple(each for part in value for each in part) if option.default == () else value


def _from(environment: Mapping[str, str], option: Option, parser: argparse.ArgumentParser) -> Any:
    text = environment[option.variable]
    try:
        value = option.read(text)
    except (ValueError, argparse.ArgumentTypeError) as error:
        parser.error(f"environment variable {option.variable}: {error}")
    if option.choices and value not in option.choices:
        parser.error(f"environment variable {option.variable}: choose from {', '.join(option.choices)}")
    return value


def _of_project(
    folder: str, mounted: str, allowed: Sequence[str], options: Sequence[Option]
) -> tuple[str, Mapping[str, Any]]:
    """Return what `[tool.forerun]` says; programs can write into the mounted folder, so that no file there counts.

    It cannot deny what the operator allowed (`over_settings` says the same for a command line).
    """
    found = settings_for(folder)
    if not found.path:
        return "", {}
    if mounted and os.path.realpath(found.path).startswith(os.path.realpath(mounted).rstrip(os.sep) + os.sep):
        return "", {}
    spared = set(map(canonical, allowed))
    deny = tuple(each for each in found.deny if canonical(each) not in spared)
    given = {"trust": found.trust, "allow": found.allow, "deny": deny, "map": found.import_map}
    told = {name: value for name, value in given.items() if value}
    return found.path, {**told, **from_table(found.path, dict(found.server), options)}


def _parser(transport: str, options: Sequence[Option]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"forerun {transport}", description=ABOUT[transport], allow_abbrev=False)
    for each in options:
        flag: dict[str, Any] = {"default": NOT_GIVEN, "help": each.help}
        if each.default is False:
            flag["action"] = "store_true"
        elif each.default == ():
            flag.update(type=each.read, metavar=each.metavar, action="append")
        elif each.choices:
            flag["choices"] = each.choices
        else:
            flag.update(type=each.read, metavar=each.metavar)
        parser.add_argument(f"--{each.name}", **flag)
    return parser
