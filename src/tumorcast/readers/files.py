"""Text tables of a study: found, read, written atomically; every failure told with the file's name."""

from __future__ import annotations

import codecs
import csv
import hashlib
import os
import re
import secrets
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

from tumorcast.domain.errors import InputError, did_you_mean

NOT_AVAILABLE = ("", "NA", "N/A", "NaN", "nan", "null", "[Not Available]", "[Not Applicable]", "[Unknown]")
_WINDOWS_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def digest(path: Path) -> str:
    """sha256 of a file."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def read_table(path: Path, sep: str = "\t", heads: tuple[str, ...] = ()) -> pd.DataFrame:
    """A table as text, comment lines (`#`) skipped, missing values as NaN; Windows line ends and BOM do not matter.

    Quotation marks are characters like others in tab-separated files, where one alone must not swallow the
    rows that follow; those around a whole cell are taken off.

    Args:
        heads: beginnings of a line that is no comment but the header (`#IID`).

    Raises:
        InputError: not there, empty, not text, or rows longer than the header.
    """
    table = parse(path, sep, heads, dtype=str, keep_default_na=False)
    table.columns = [bare(column) for column in table.columns]
    return table.apply(lambda column: column.str.strip().str.replace(r'^"(.*)"$', r"\1", regex=True))


def parse(path: Path, sep: str, heads: tuple[str, ...] = (), **options: Any) -> pd.DataFrame:
    """pandas' reading of a text table, with this package's words for what is wrong.

    Args:
        heads: as `read_table`.
        options: of `pandas.read_csv`.

    Raises:
        InputError: as `read_table`.
    """
    need_text(path)
    expected = f"columns separated by {sep!r}, no row longer than the header"
    try:
        table = pd.read_csv(
            path, sep=sep, skiprows=comment_lines(path, heads), na_values=NOT_AVAILABLE, encoding="utf-8-sig",
            encoding_errors="replace", quoting=csv.QUOTE_NONE if sep == "\t" else csv.QUOTE_MINIMAL, **options,
        )  # fmt: skip
    except (pd.errors.ParserError, pd.errors.EmptyDataError, ValueError) as error:
        raise InputError(
            f"{path.name} is not a table", got=str(error).splitlines()[0], expected=expected
        ) from None
    if not isinstance(table.index, pd.RangeIndex):
        raise InputError(f"{path.name}: rows are longer than the header", expected=expected)
    return table


def bare(column: object) -> str:
    """A column's name without white space and quotation marks around it."""
    return str(column).strip().strip('"').strip()


def need_text(path: Path) -> None:
    """Raise where the file is not there, or is not text in one byte a character or UTF-8."""
    if not path.is_file():
        raise InputError(f"{path.name} is named by its meta file but not there", got=f"no {path}")
    with path.open("rb") as handle:
        start = handle.read(4096)
    if b"\0" in start:
        raise InputError(
            f"{path.name} is not a text file in UTF-8",
            got="UTF-16 text"
            if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
            else "binary data",
            fix="save it as tab-separated text in UTF-8",
        )


def is_utf8(path: Path) -> bool:
    """Whether the whole file decodes as UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with path.open("rb") as handle:
            while chunk := handle.read(1 << 20):
                decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def comment_lines(path: Path, heads: tuple[str, ...] = ()) -> int:
    """How many lines that start with `#`, and with none of `heads`, stand before the header."""
    count = 0
    with path.open(encoding="utf-8-sig", errors="replace") as handle:
        for line in handle:
            if not line.startswith("#") or line.startswith(heads):
                break
            count += 1
    return count


def need_columns(table: pd.DataFrame, names: tuple[str, ...], path: Path) -> None:
    """Raise where a column is missing, naming those that are there."""
    lacking = [name for name in names if name not in table.columns]
    if lacking:
        raise InputError(
            f"{path.name} lacks {', '.join(lacking)}",
            got=f"columns {', '.join(map(str, table.columns[:12]))}",
            expected=", ".join(names),
            fix=did_you_mean(lacking[0], map(str, table.columns)),
        )


def is_plain_name(name: str) -> bool:
    """Whether a user's word can be a file's name here without leading out of its folder."""
    forbidden = '/\\\0<>:"|?*' if sys.platform == "win32" else "/\\\0"
    is_cut = sys.platform == "win32" and (
        name != name.rstrip(". ") or _WINDOWS_DEVICES.fullmatch(name) is not None
    )
    return bool(name) and name not in (".", "..") and not set(name) & set(forbidden) and not is_cut


def need_output(out: Path, files: Sequence[str] = (), folders: Sequence[str] = ()) -> None:
    """Raise unless a folder and what a command writes into it can be written, before anything is computed.

    Args:
        files, folders: names within the folder.
    """
    at = next((part for part in (out, *out.absolute().parents) if os.path.lexists(part)), out)
    if os.path.lexists(at) and not os.path.isdir(at):
        raise InputError(
            f"--out {out} cannot be a folder", got=f"{at} is a file", fix="name a folder, or another place"
        )
    if not os.access(at, os.W_OK):
        raise InputError(f"--out {out} cannot be written", got=f"no right to write in {at}")
    for name in files:
        if os.path.isdir(out / name):
            raise InputError(f"{name} cannot be written", got=f"{out / name} is a folder", fix="move it away")
    for name in folders:
        if os.path.lexists(out / name) and not os.path.isdir(out / name):
            raise InputError(f"{name} cannot be a folder", got=f"{out / name} is a file", fix="move it away")


def copy_file(source: Path, path: Path) -> None:
    """Under a temporary name in the target's folder, then renamed."""
    with renamed_to(path) as temporary:
        shutil.copyfile(source, temporary)


def write_text(path: Path, text: str) -> None:
    """Under a temporary name in the same folder, then renamed; of several writers at once the last counts."""
    with renamed_to(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def write_bytes(path: Path, content: bytes) -> None:
    """As `write_text`."""
    with renamed_to(path) as temporary:
        temporary.write_bytes(content)


@contextmanager
def renamed_to(path: Path) -> Iterator[Path]:
    """A name to write under that no other process has; nothing is left of a failed try."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}-{secrets.token_hex(4)}.part")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def replaced_folder(folder: Path) -> Iterator[Path]:
    """A new folder to fill that takes the place of `folder` at the end; nothing is left of a failed try."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".partial", dir=folder.parent))
    try:
        work.chmod(0o755)
        yield work
        old = work.with_suffix(".old")
        if folder.exists():
            os.replace(folder, old)
        os.replace(work, folder)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(work, ignore_errors=True)
