"""Nothing that a lab runs needs POSIX: looked for in the syntax of every module that its commands reach."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from lab_code import lab_modules

POSIX_MODULES = {"fcntl", "grp", "posix", "pty", "pwd", "resource", "syslog", "termios"}
POSIX_OS = {
    "chown", "chroot", "fork", "forkpty", "getegid", "geteuid", "getgid", "getloadavg", "getpgid", "getuid", "kill",
    "killpg", "lchown", "link", "mkfifo", "nice", "posix_fallocate", "pread", "preadv", "pwrite", "readlink",
    "sched_getaffinity", "sched_setaffinity", "sendfile", "setsid", "statvfs", "symlink", "sysconf", "uname", "wait",
    "waitpid", "O_NONBLOCK",
}  # fmt: skip
POSIX_SIGNALS = {
    "SIGKILL",
    "SIGUSR1",
    "SIGUSR2",
    "SIGALRM",
    "SIGHUP",
    "SIGCHLD",
    "SIGSTOP",
    "alarm",
    "setitimer",
}
POSIX_METHODS = {"hardlink_to", "symlink_to", "lchmod"}
POSIX_PLACES = ("/tmp", "/dev/", "/proc/", "/var/", "/etc/", "/run/")
PATH_LIKE = re.compile(
    r"(path|file|folder|place|part|partial|temporary|target|work|database)\b|Path\(", re.IGNORECASE
)
NO_FILES = {"archive", "cls", "opened", "os", "tarfile", "webbrowser", "zipfile"}
TEXT_METHODS = {"read_text", "write_text"}


@pytest.mark.parametrize("name", lab_modules())
def test_a_lab_s_module_runs_on_windows(name):
    assert list(found(lab_modules()[name])) == []


def found(tree: ast.Module) -> Iterator[str]:
    """`line: what` of each call that Windows does not know or takes otherwise."""
    yield from _found(tree, "", _docstrings(tree))


def _found(node: ast.AST, around: str, told: set[int]) -> Iterator[str]:
    """`around`: the text of the function that the node lies in, where a guard may stand."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        around = ast.unparse(node)
    if what := _what(node, around, told):
        yield f"{getattr(node, 'lineno', 0)}: {what}"
    for part in ast.iter_child_nodes(node):
        yield from _found(part, around, told)


def _what(node: ast.AST, around: str, told: set[int]) -> str:
    match node:
        case ast.Import(names=names) if {each.name for each in names} & POSIX_MODULES:
            return f"import of {names[0].name}"
        case ast.ImportFrom(module=str(module)) if module in POSIX_MODULES:
            return f"import of {module}"
        case ast.Attribute(value=ast.Name(id="os"), attr=attr) if attr in POSIX_OS:
            has_other_way = attr == "link" and "except OSError" in around  # not on every file system
            return "" if has_other_way or _is_guarded(f"os, '{attr}'", around) else f"os.{attr}"
        case ast.Attribute(value=ast.Name(id="signal"), attr=attr) if attr in POSIX_SIGNALS:
            return "" if _is_guarded(f"signal, '{attr}'", around) else f"signal.{attr}"
        case ast.Attribute(attr=attr) if attr in POSIX_METHODS:
            return f".{attr}"
        case ast.Constant(value=str(text)) if id(node) not in told and text.startswith(POSIX_PLACES):
            return "" if _is_guarded("", around) else text
        case ast.Call():
            return _call(node)
    return ""


def _is_guarded(asked: str, around: str) -> bool:
    return "sys.platform" in around or (bool(asked) and f"hasattr({asked})" in around)


def _call(node: ast.Call) -> str:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    owner = ast.unparse(node.func.value) if isinstance(node.func, ast.Attribute) else ""
    named = {word.arg for word in node.keywords}
    words = [each.value for each in node.args if isinstance(each, ast.Constant)]
    if (
        name in TEXT_METHODS
        and "encoding" not in named
        and len(node.args) < (2 if name == "write_text" else 1)
    ):
        return f"{name} without encoding"
    if name == "open" and owner not in NO_FILES and not owner[:1].isupper():
        modes = [
            *words,
            *(word.value.value for word in node.keywords if word.arg == "mode" and _is_text(word.value)),
        ]
        mode = next((each for each in modes if isinstance(each, str) and set(each) <= set("rwxabt+")), "r")
        is_binary = "b" in mode or (owner in ("gzip", "bz2", "lzma") and "t" not in mode)
        return "" if is_binary or "encoding" in named else "open of text without encoding"
    if name in ("NamedTemporaryFile", "TemporaryFile", "fdopen"):
        is_binary = any("b" in str(word) for word in words) or (
            name != "fdopen" and not words and "mode" not in named
        )
        return "" if is_binary or "encoding" in named else f"{name} of text without encoding"
    if name in ("run", "Popen", "check_output") and owner == "subprocess":
        return (
            ""
            if not named & {"text", "universal_newlines"} or "encoding" in named
            else "text without encoding"
        )
    if name in ("get_context", "set_start_method") and "fork" in words:
        return "processes that fork"
    if name == "rename" and len(node.args) == 1 and PATH_LIKE.search(owner):
        return "rename, which does not replace a file (os.replace does)"
    return ""


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _docstrings(tree: ast.Module) -> set[int]:
    return {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }


@pytest.mark.parametrize(
    "text",
    [
        "import fcntl", "def f():\n    from resource import getrusage", "os.kill(1, 0)", "os.link(a, b)",
        "signal.signal(signal.SIGHUP, f)", "Path('/tmp/x')", "path.read_text()", "path.write_text(text)", "open(path)",
        "path.open('w')", "gzip.open(path, 'rt')", "subprocess.run(a, text=True)", "get_context('fork')",
        "path.rename(other)", "os.fdopen(3, 'w')", "path.symlink_to(other)",
    ],
)  # fmt: skip
def test_it_would_be_found(text):
    assert len(list(found(ast.parse(text)))) == 1


@pytest.mark.parametrize(
    "text",
    [
        "def f():\n    if hasattr(os, 'pread'):\n        os.pread(1, 2, 3)", "path.read_text(encoding='utf-8')",
        "path.open('rb')", "path.open(encoding='utf-8')", "gzip.open(path)", "table.rename({'a': 'b'})",
        "table.rename(columns=f)", "os.replace(a, b)", "series.rename('name')",
        "def f():\n    if sys.platform == 'linux':\n        Path('/proc/1/stat')", "subprocess.run(a)", "Image.open(p)",
    ],
)  # fmt: skip
def test_what_is_portable_is_not(text):
    assert list(found(ast.parse(text))) == []
