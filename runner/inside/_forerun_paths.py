"""Inside the script's interpreter, where no mount namespace can be had: virtual paths -> real ones.

Functions of `os`, `io` and `builtins` that take a path are wrapped, and string constants of the main script are
translated in its syntax tree. What libraries hand to C code by other ways (a path made at run time and given to
HDF5, Arrow or OpenCV) is missed. Standard library only, Python 3.8 and later.
"""

from __future__ import annotations

import ast
import builtins
import functools
import io
import os
from collections.abc import Callable
from typing import Any

ONE_PATH = (
    "access chdir chmod chown getxattr lchown listdir listxattr lstat mkdir mkfifo mknod open pathconf readlink "
    "remove removexattr rmdir scandir setxattr stat statvfs truncate unlink utime"
).split()
TWO_PATHS = ("link", "rename", "replace", "symlink")
SUPPORTING = (os.supports_fd, os.supports_dir_fd, os.supports_follow_symlinks, os.supports_effective_ids)
"""Sets of functions that libraries ask about, and that must know the wrapped ones too."""


class Paths:
    """Translates paths below the virtual folder to the real one, and leaves every other value alone."""

    def __init__(self, virtual: str, real: str) -> None:
        self._virtual = virtual
        self._real = real

    def translate(self, path: Any) -> Any:
        """Return the real path of a virtual one; `path` may be anything that such functions take."""
        if isinstance(path, bytes):
            return os.fsencode(self.translate(os.fsdecode(path)))
        text = path.__fspath__() if hasattr(path, "__fspath__") else path
        if not isinstance(text, str) or not text.startswith(self._virtual):
            return path
        rest = text[len(self._virtual) :]
        return self._real + rest if rest[:1] in ("", "/") else path

    def install(self) -> None:
        """Wrap the functions that take paths."""
        builtins.open = io.open = self._wrapped(io.open, 1)
        for names, count in ((ONE_PATH, 1), (TWO_PATHS, 2)):
            for name in names:
                if hasattr(os, name):
                    setattr(os, name, self._wrapped(getattr(os, name), count))

    def _wrapped(self, function: Callable[..., Any], count: int) -> Callable[..., Any]:
        translate = self.translate

        @functools.wraps(function)
        def wrapper(*arguments: Any, **keywords: Any) -> Any:
            for name in ("path", "src", "dst", "file"):
                if name in keywords:
                    keywords[name] = translate(keywords[name])
            return function(*map(translate, arguments[:count]), *arguments[count:], **keywords)

        for known in SUPPORTING:
            if function in known:
                known.add(wrapper)
        return wrapper

    def in_tree(self, tree: ast.AST) -> ast.AST:
        """Translate the string constants of a syntax tree; for those that are not paths nothing changes."""
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                node.value = self.translate(node.value)
        return tree
