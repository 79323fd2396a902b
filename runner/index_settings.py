"""Where people's distributions come from, as pip and uv are told -> what uv is told, with secrets kept off builds.

uv hands its environment variables on to the builds that it starts, which run a project's code. Index addresses with a
user name or a password therefore reach uv by a configuration that it reads from a pipe, once.
"""

from __future__ import annotations

import os
import tomllib
from urllib.parse import urlsplit

from forerun.resolver.value import Value

from .digest import digest
from .errors import RunnerError
from .index_files import uv_files
from .masking import masked
from .pip_settings import pip_settings
from .toml_values import toml_document

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

INDEX_VARIABLES = ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_INDEX", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS", "UV_NO_INDEX")
INDEX_KEYS = frozenset(("index", "index-url", "extra-index-url", "find-links", "no-index"))
PROXY_VARIABLES = {"HTTP_PROXY": "http-proxy", "HTTPS_PROXY": "https-proxy", "ALL_PROXY": "https-proxy"}


class IndexSettings(Value):
    """What uv is told: environment variables, and a configuration that holds secrets ("" for none).

    `identity` changes with what may change the files that are installed; it holds no secret.
    """

    variables: dict[str, str]
    configuration: str
    identity: str


def index_settings(environment: Mapping[str, str]) -> IndexSettings:
    """Return uv's settings: its own where it has any, else those of pip's files and variables.

    Raises:
        RunnerError: a configuration file cannot be understood.
    """
    own = uv_configuration(environment)
    variables = {name: value for name, value in environment.items() if name.startswith("UV_") and value}
    pip = pip_settings(environment)
    if not (_index_keys(own) or any(name in variables for name in INDEX_VARIABLES)):
        variables.update(_translated_index(pip))
    for name, value in _translated_rest(pip).items():
        variables.setdefault(name, environment.get(name) or value)
    for name in (*PROXY_VARIABLES, *(name.lower() for name in PROXY_VARIABLES)):
        if environment.get(name):
            variables[name] = environment[name]
    identity = digest(masked("\n".join([toml_document(own), *_index_lines(variables)])))
    if not _has_secrets(variables):
        return IndexSettings(variables, "", identity)
    hidden = _configuration(variables, own)
    kept = {name: value for name, value in variables.items() if not _is_hidden(name)}
    return IndexSettings(kept, toml_document(hidden), identity)


def uv_configuration(environment: Mapping[str, str]) -> dict[str, Any]:
    """Return what uv's own files say.

    Raises:
        RunnerError: one of them is not TOML.
    """
    merged: dict[str, Any] = {}
    for path in uv_files(environment):
        try:
            with open(path, "rb") as file:
                merged = _merged(merged, tomllib.load(file))
        except OSError:
            continue
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise RunnerError(f"uv's configuration file {path} cannot be read ({error}); correct it") from error
    return merged


def _merged(lower: Any, upper: Any) -> Any:
    if isinstance(lower, dict) and isinstance(upper, dict):
        return {key: _merged(lower.get(key), upper.get(key, lower.get(key))) for key in {**lower, **upper}}
    if isinstance(lower, list) and isinstance(upper, list) and lower is not upper:
        return [*upper, *lower]
    return upper


def _index_keys(configuration: Mapping[str, Any]) -> frozenset[str]:
    inner = configuration.get("pip")
    return INDEX_KEYS & {*configuration, *(inner if isinstance(inner, dict) else ())}


def _translated_index(pip: Mapping[str, str]) -> dict[str, str]:
    """Return pip's index settings as uv's variables.

    pip takes the best version that any index has. Of uv's ways the one is chosen that finds all that pip would find,
    and yet lets no public project take the place of a private one by a higher version number.
    """
    found = {
        "UV_DEFAULT_INDEX": pip.get("index-url", ""),
        "UV_INDEX": " ".join(pip.get("extra-index-url", "").split()),
        "UV_FIND_LINKS": ",".join(pip.get("find-links", "").split()),
        "UV_NO_INDEX": "1" if pip.get("no-index", "").lower() in ("1", "true", "yes", "on") else "",
    }
    if found["UV_INDEX"]:
        found["UV_INDEX_STRATEGY"] = "unsafe-first-match"
    return {name: value for name, value in found.items() if value}


def _translated_rest(pip: Mapping[str, str]) -> dict[str, str]:
    proxy = pip.get("proxy", "")
    found = {
        "UV_INSECURE_HOST": " ".join(pip.get("trusted-host", "").split()),
        "SSL_CERT_FILE": os.path.expanduser(pip.get("cert", "")),
        "SSL_CLIENT_CERT": os.path.expanduser(pip.get("client-cert", "")),
        "HTTP_PROXY": proxy,
        "HTTPS_PROXY": proxy,
        "UV_KEYRING_PROVIDER": "subprocess" if pip.get("keyring-provider") in ("subprocess", "import") else "",
    }
    return {name: value for name, value in found.items() if value}


def _index_lines(variables: Mapping[str, str]) -> list[str]:
    names = sorted(name for name in variables if name in (*INDEX_VARIABLES, "UV_INDEX_STRATEGY", "UV_EXCLUDE_NEWER"))
    return [f"{name}={variables[name]}" for name in names]


def _has_secrets(variables: Mapping[str, str]) -> bool:
    return any(_is_hidden(name) and (masked(value) != value or _is_login(name)) for name, value in variables.items())


def _is_login(name: str) -> bool:
    return name.startswith("UV_INDEX_") and name.endswith(("_USERNAME", "_PASSWORD"))


def _is_hidden(name: str) -> bool:
    """Whether a variable may hold a secret, and can be told by configuration instead."""
    return name in INDEX_VARIABLES or name.upper() in PROXY_VARIABLES or _is_login(name)


def _configuration(variables: Mapping[str, str], own: Mapping[str, Any]) -> dict[str, Any]:
    """Return uv's own configuration with what is told by variables in front of it."""
    default = variables.get("UV_DEFAULT_INDEX") or variables.get("UV_INDEX_URL", "")
    extra = [*variables.get("UV_INDEX", "").split(), *variables.get("UV_EXTRA_INDEX_URL", "").split()]
    indexes = [*map(_index, extra), *([{**_index(default), "default": True}] if default else [])]
    theirs = [each for each in own.get("index", ()) if isinstance(each, dict)]
    if default:
        theirs = [{name: value for name, value in each.items() if name != "default"} for each in theirs]
    merged: dict[str, Any] = {**own}
    if indexes or theirs:
        merged["index"] = [_with_login(each, variables) for each in [*indexes, *theirs]]
    if default or extra:
        merged.pop("index-url", None)
    links = [each for each in variables.get("UV_FIND_LINKS", "").split(",") if each]
    if links:
        merged["find-links"] = [*links, *merged.get("find-links", [])]
    if variables.get("UV_NO_INDEX", "").lower() in ("1", "true"):
        merged["no-index"] = True
    for name, key in PROXY_VARIABLES.items():
        value = variables.get(name) or variables.get(name.lower())
        if value:
            merged.setdefault(key, value)
    return merged


def _index(text: str) -> dict[str, Any]:
    """Return the table for an index, given as `URL` or `NAME=URL`."""
    name, equals, url = text.partition("=")
    return {"name": name, "url": url} if equals and "/" not in name and ":" not in name else {"url": text}


def _with_login(index: Mapping[str, Any], variables: Mapping[str, str]) -> dict[str, Any]:
    """Return an index with the user name and the password that variables hold for it."""
    mark = "".join(each.upper() if each.isalnum() else "_" for each in str(index.get("name", "")))
    user = variables.get(f"UV_INDEX_{mark}_USERNAME", "")
    password = variables.get(f"UV_INDEX_{mark}_PASSWORD", "")
    url = str(index.get("url", ""))
    if not mark or not (user or password) or "@" in urlsplit(url).netloc or "://" not in url:
        return dict(index)
    from urllib.parse import quote

    login = ":".join(quote(each, safe="") for each in (user, password) if each or password)
    return {**index, "url": url.replace("://", f"://{login}@", 1)}


def secrets_in(values: Iterable[str]) -> frozenset[str]:
    """Return the passwords and tokens that addresses among the values hold."""
    found = set()
    for value in values:
        for word in value.replace(",", " ").split():
            try:
                parts = urlsplit(word[word.find("=") + 1 :] if "=" in word.partition("://")[0] else word)
                found.add(parts.password or parts.username or "")
            except ValueError:
                continue
    return frozenset(each for each in found if len(each) > 3)
